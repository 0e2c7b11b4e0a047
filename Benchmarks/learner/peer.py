"""One fit of a peer library in one process: arguments as JSON, one JSON line out, predictions to a file.

Every library learns from the same rows with the same limits; times leave imports and reading out.
"""
import json
import sys
import time
import warnings

import numpy as np

import tables

warnings.filterwarnings("ignore")


def memory(key):
    """A line of the process's status [MiB]."""
    for line in open("/proc/self/status"):
        if line.startswith(key):
            return int(line.split()[1]) / 1024


def lightgbm(a, x, y, v):
    import lightgbm as lgb
    p = dict(objective=a.get("objective", "regression"), num_leaves=a["leaves"], max_depth=a["depth"],
             learning_rate=a["rate"], min_data_in_leaf=a["minRows"], lambda_l2=a["lambda"], max_bin=255, verbose=-1,
             num_threads=a["threads"], seed=1, **a.get("more", {}))

    def train():
        d = lgb.Dataset(x if v is None else x[~v], y if v is None else y[~v], params=p)
        stop = [] if v is None else [lgb.early_stopping(a["patience"], verbose=False)]
        return lgb.train(p, d, a["rounds"], valid_sets=[] if v is None else [lgb.Dataset(x[v], y[v])], callbacks=stop)
    return train, lambda m, q: m.predict(q, num_threads=1)


def xgboost(a, x, y, v):
    import xgboost as xgb
    p = dict(objective=a.get("objective", "reg:squarederror"), tree_method="hist", grow_policy="lossguide",
             max_leaves=a["leaves"], max_depth=max(0, a["depth"]), learning_rate=a["rate"],
             min_child_weight=a["minRows"], reg_lambda=a["lambda"], max_bin=255, nthread=a["threads"], verbosity=0,
             **a.get("more", {}))

    def train():
        d = xgb.DMatrix(x if v is None else x[~v], y if v is None else y[~v], nthread=a["threads"])
        more = {} if v is None else dict(evals=[(xgb.DMatrix(x[v], y[v]), "v")], verbose_eval=False,
                                         early_stopping_rounds=a["patience"])
        return xgb.train(p, d, a["rounds"], **more)

    def predict(m, q):
        m.set_param({"nthread": 1})
        return m.inplace_predict(q, iteration_range=(0, getattr(m, "best_iteration", a["rounds"] - 1) + 1)
                                 if v is not None else (0, 0))
    return train, predict


def sklearn(a, x, y, v):
    from sklearn.ensemble import HistGradientBoostingRegressor as H
    m = H(loss=a.get("objective", "squared_error"), max_iter=a["rounds"], learning_rate=a["rate"],
          max_leaf_nodes=a["leaves"], max_depth=a["depth"] if a["depth"] > 0 else None, min_samples_leaf=a["minRows"],
          l2_regularization=a["lambda"], max_bins=255, early_stopping=False, **a.get("more", {}))
    return lambda: m.fit(x, y), lambda m, q: m.predict(q)


def catboost(a, x, y, v):
    from catboost import CatBoostRegressor, Pool
    p = dict(loss_function=a.get("objective", "RMSE"), iterations=a["rounds"], learning_rate=a["rate"],
             l2_leaf_reg=a["lambda"], thread_count=a["threads"], verbose=0, allow_writing_files=False, random_seed=1)
    if a.get("growth") == "leafWise":
        p.update(grow_policy="Lossguide", max_leaves=a["leaves"], min_data_in_leaf=a["minRows"],
                 depth=a["depth"] if a["depth"] > 0 else 16)
    else:
        p.update(depth=a["depth"])
    p.update(a.get("more", {}))

    def train():
        m = CatBoostRegressor(**p)
        if v is None:
            return m.fit(x, y)
        return m.fit(x[~v], y[~v], eval_set=Pool(x[v], y[v]), early_stopping_rounds=a["patience"])

    def predict(m, q):
        out = m.predict(q, thread_count=1)
        if p["loss_function"] == "RMSEWithUncertainty":
            out = np.c_[out[:, 0], np.sqrt(out[:, 1])]
        return out
    return train, predict


def ngboost(a, x, y, v):
    from ngboost import NGBRegressor
    from sklearn.tree import DecisionTreeRegressor
    # It takes no missing values: the column's mean stands for them.
    centre = np.nanmean(x, axis=0)

    def filled(q):
        return np.where(np.isnan(q), centre, q)

    def train():
        base = DecisionTreeRegressor(criterion="friedman_mse", max_depth=a["depth"], min_samples_leaf=a["minRows"],
                                     random_state=1)
        m = NGBRegressor(n_estimators=a["rounds"], learning_rate=a["rate"], Base=base, verbose=False, random_state=1,
                         natural_gradient=True, **a.get("more", {}))
        if v is None:
            return m.fit(filled(x), y)
        return m.fit(filled(x[~v]), y[~v], X_val=filled(x[v]), Y_val=y[v], early_stopping_rounds=a["patience"])

    def predict(m, q):
        d = m.pred_dist(filled(q), max_iter=getattr(m, "best_val_loss_itr", None))
        return np.c_[d.loc, d.scale]
    return train, predict


def two_steps(library, objective):
    """A normal model of a library that has none: the mean, then the variance of residuals out of five group folds."""
    def fit(a, x, y, v):
        def train():
            learn = np.ones(len(y), bool) if v is None else ~v
            group = tables.read(a["groups"], 1)[:, 0]
            names = np.random.default_rng(1).permutation(np.unique(group[learn]))
            squares = np.full(len(y), np.nan)
            for fold in range(5):
                out = np.isin(group, names[fold::5]) & learn
                some = learn & ~out
                one = dict(a, rounds=a["rounds"])
                inner, predict = library(one, np.r_[x[some], x[out]], np.r_[y[some], y[out]],
                                         np.r_[np.zeros(some.sum(), bool), np.ones(out.sum(), bool)])
                squares[out] = (y[out] - predict(inner(), x[out])) ** 2
            mean_train, mean_predict = library(a, x, y, v)
            mean = mean_train()
            if v is not None:
                squares[v] = (y[v] - mean_predict(mean, x[v])) ** 2
            spread_train, spread_predict = library(dict(a, objective=objective), x, np.maximum(squares, 1e-12), v)
            return mean, mean_predict, spread_train(), spread_predict

        def predict(m, q):
            return np.c_[m[1](m[0], q), np.sqrt(np.maximum(m[3](m[2], q), 1e-12))]
        return train, predict
    return fit


def quantiles(library):
    """One model a quantile, for libraries that have no joint one."""
    def fit(a, x, y, v):
        def train():
            models = []
            for level in a["levels"]:
                one = dict(a)
                if library is lightgbm:
                    one.update(objective="quantile", more=dict(alpha=level))
                else:
                    one.update(objective="quantile", more=dict(quantile=level))
                inner, predict = library(one, x, y, v)
                models.append((inner(), predict))
            return models
        return train, lambda m, q: np.column_stack([p(f, q) for f, p in m])
    return fit


def joint_quantiles(library):
    def fit(a, x, y, v):
        if library is xgboost:
            a = dict(a, objective="reg:quantileerror", more=dict(quantile_alpha=np.array(a["levels"])))
        else:
            a = dict(a, objective="MultiQuantile:alpha=" + ",".join(str(q) for q in a["levels"]))
        return library(a, x, y, v)
    return fit


FITS = dict(
    squared=dict(lightgbm=lightgbm, xgboost=xgboost, sklearn=sklearn, catboost=catboost),
    normal=dict(ngboost=ngboost, catboost=lambda a, *r: catboost(dict(a, objective="RMSEWithUncertainty"), *r),
                lightgbm=two_steps(lightgbm, "gamma"), xgboost=two_steps(xgboost, "reg:gamma")),
    quantile=dict(lightgbm=quantiles(lightgbm), sklearn=quantiles(sklearn), xgboost=joint_quantiles(xgboost),
                  catboost=joint_quantiles(catboost)))


def main():
    a = json.loads(sys.argv[1])
    x = tables.read(a["x"], a["columns"])
    y = tables.read(a["y"], 1)[:, 0]
    test = tables.read(a["test"], a["columns"])
    v = tables.read(a["validation"], 1)[:, 0] != 0 if a.get("validation") else None
    train, predict = FITS[a["task"]][a["library"]](a, x, y, v)
    open("/proc/self/clear_refs", "w").write("5")
    loaded = memory("VmRSS")
    cpu, wall = time.process_time(), time.monotonic()
    model = train()
    result = dict(cpu=time.process_time() - cpu, wall=time.monotonic() - wall, memory=memory("VmHWM") - loaded)
    if a.get("out"):
        tables.write("/", a["out"].lstrip("/"), predict(model, test))
        if a.get("timed"):
            batch = min(timed(lambda: predict(model, test)) for _ in range(5)) / len(test)
            rows = [test[i:i + 1] for i in range(300)]
            single = min(timed(lambda: [predict(model, r) for r in rows]) for _ in range(3)) / len(rows)
            result.update(predict=batch, single=single)
    print(json.dumps(result))


def timed(work):
    begin = time.process_time()
    work()
    return time.process_time() - begin


if __name__ == "__main__":
    main()
