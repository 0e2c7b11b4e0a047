"""The search beside pymoo and Optuna at equal evaluations and seeds: compare.py BENCHMARK [SEEDS]. Writes RESULTS.md beside itself.

Needs pymoo 0.6, optuna, scipy and numpy.
"""
import os, subprocess, sys, tempfile, time, warnings
import numpy as np
import optuna
from pymoo.algorithms.moo.nsga2 import NSGA2, RankAndCrowdingSurvival
from pymoo.algorithms.moo.unsga3 import UNSGA3
from pymoo.core.mixed import MixedVariableGA
from pymoo.core.problem import ElementwiseProblem, Problem
from pymoo.core.variable import Choice, Integer, Real
from pymoo.indicators.hv import HV
from pymoo.optimize import minimize
from pymoo.problems import get_problem
from pymoo.util.ref_dirs import get_reference_directions
from scipy.stats import norm, qmc

tool, seeds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 11
Z = norm.ppf(qmc.Sobol(6, scramble=True, seed=7).random(256)[:200])
folder = tempfile.mkdtemp()
np.savetxt(f"{folder}/z.csv", Z, delimiter=",")
A = [0, -.20, .93, -.56, .23, -.05]
B = [-.09, .27, -.45, -.25]
O = [(.66, .56, .28), (.42, .72, .79), (.62, .30, .73), (.30, .40, .41), (.43, .27, .31), (.65, .25, .44)]


def mixed(x, rank, a, b):
    m = .6 + .25 * x[0] + .004 * Z[:, 0]
    c, v = .05 * x[1], .1 * rank
    p = np.log(2) + x[2] * np.log(40) + .15 * Z[:, 1]
    h = .3 + .7 * x[3] * (1 + .03 * Z[:, 2])
    l = 6 + A[a] + B[b] - 9 * np.maximum(0, m - .72 + .02 * b) - .9 * (v - .1) * (1 + (a == 0)) - 2500 * (c - .02) ** 2
    l = l - .12 * (p - 3 - .3 * b) ** 2 - .5 * (h - .6) ** 2 - 1.2 * sum((x[4 + k] - O[a][k]) ** 2 for k in range(3))
    l = l - .6 * abs(x[7] - .3) + .1 * Z[:, 3] + .075 * np.maximum(Z[:, 4], -1) - .8 * (m + 2 * c > .86 + .02 * Z[:, 5])
    e = np.log(m * (.5 + h) * (1 + .35 * v)) - .016 * a - .1 * c - .02 * x[2] - .05 * (1 - x[7])
    q = np.quantile(l, .1)
    return [-q, -e.mean()], [np.log(300) - q, .25 * x[0] + .05 * x[1] - .23]


class Mixed(ElementwiseProblem):
    def __init__(self):
        variables = {f"x{k}": Real(bounds=(0, 1)) for k in range(8)}
        variables |= {"o": Integer(bounds=(0, 4)), "a": Choice(options=list(range(6))), "b": Choice(options=list(range(4)))}
        super().__init__(vars=variables, n_obj=2, n_ieq_constr=2)
        self.seen = []

    def _evaluate(self, X, out, *args, **kwargs):
        out["F"], out["G"] = mixed([X[f"x{k}"] for k in range(8)], X["o"], X["a"], X["b"])
        if max(out["G"]) <= 0: self.seen.append(out["F"])


class SRN(Problem):
    def __init__(self):
        super().__init__(n_var=2, n_obj=2, n_ieq_constr=2, xl=-20, xu=20)

    def _evaluate(self, X, out, *args, **kwargs):
        x, y = X[:, 0], X[:, 1]
        out["F"] = np.c_[2 + (x - 2) ** 2 + (y - 1) ** 2, 9 * x - (y - 1) ** 2]
        out["G"] = np.c_[x * x + y * y - 225, x - 3 * y + 10]


problems = {
    "ZDT1": ([1.1, 1.1], lambda: get_problem("zdt1"), 100, 250), "ZDT2": ([1.1, 1.1], lambda: get_problem("zdt2"), 100, 250),
    "ZDT3": ([1.1, 1.1], lambda: get_problem("zdt3"), 100, 250), "ZDT4": ([1.1, 1.1], lambda: get_problem("zdt4"), 100, 250),
    "DTLZ2": ([1.1] * 3, lambda: get_problem("dtlz2", n_var=12, n_obj=3), 92, 250),
    "C2-DTLZ2": ([1.1] * 3, lambda: get_problem("c2dtlz2", n_var=12, n_obj=3), 92, 250),
    "BNH": ([140, 50], lambda: get_problem("bnh"), 100, 100), "SRN": ([250, 10], SRN, 100, 100),
    "mixed-500": ([-5, .8], Mixed, 20, 25), "mixed-2000": ([-5, .8], Mixed, 40, 50),
}
optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.filterwarnings("ignore")


def with_optuna(sampler, trials):
    """Front of the feasible trials, and seconds."""
    def objective(trial):
        x = [trial.suggest_float(f"x{k}", 0, 1) for k in range(8)]
        f, g = mixed(x, trial.suggest_int("o", 0, 4), trial.suggest_categorical("a", list(range(6))), trial.suggest_categorical("b", list(range(4))))
        trial.set_user_attr("g", [float(v) for v in g])
        return float(f[0]), float(f[1])
    start = time.time()
    study = optuna.create_study(directions=["minimize", "minimize"], sampler=sampler)
    study.optimize(objective, n_trials=trials)
    return [t.values for t in study.trials if max(t.user_attrs["g"]) <= 0], time.time() - start


rows = []
for name, (reference, make, size, generations) in problems.items():
    ours, peers = [], {}
    for seed in range(1, seeds + 1):
        hv, seconds = subprocess.run([tool, name, str(seed), f"{folder}/z.csv"], capture_output=True, text=True, check=True).stdout.split()
        ours.append((float(hv), float(seconds)))
        algorithms = {"NSGA-II": lambda: NSGA2(pop_size=size)}
        if name.endswith("DTLZ2"):
            algorithms["U-NSGA-III"] = lambda: UNSGA3(get_reference_directions("das-dennis", 3, n_partitions=12), pop_size=size)
        if name.startswith("mixed"):
            algorithms = {"MixedVariableGA": lambda: MixedVariableGA(pop_size=size, survival=RankAndCrowdingSurvival())}
        for label, algorithm in algorithms.items():
            problem, start = make(), time.time()
            found = minimize(problem, algorithm(), ("n_gen", generations), seed=seed)
            seconds = time.time() - start
            F = np.array(problem.seen) if name.startswith("mixed") else found.F
            hv = HV(ref_point=np.array(reference, float))(F) if F is not None and len(F) else 0.0
            peers.setdefault(label, []).append((float(hv), seconds))
        if name == "mixed-500":
            feasible = lambda t: t.user_attrs["g"]
            for label, sampler in {
                "Optuna NSGA-II": optuna.samplers.NSGAIISampler(population_size=40, constraints_func=feasible, seed=seed),
                "Optuna TPE": optuna.samplers.TPESampler(multivariate=True, constraints_func=feasible, seed=seed),
            }.items():
                F, seconds = with_optuna(sampler, 500)
                hv = HV(ref_point=np.array(reference, float))(np.array(F)) if F else 0.0
                peers.setdefault(label, []).append((float(hv), seconds))
    for label, values in peers.items():
        o, p = np.array(ours), np.array(values)
        better = int((o[:, 0] >= p[:, 0]).sum())
        rows.append(f"| {name} | {label} | {np.median(o[:, 0]):.5g} | {o[:, 0].min():.5g} | {np.median(p[:, 0]):.5g} "
                    f"| {p[:, 0].min():.5g} | {better} of {seeds} | {np.median(p[:, 1]) / np.median(o[:, 1]):.0f} × |")
        print(rows[-1], flush=True)
text = f"""# The search beside pymoo and Optuna

Hypervolume (more is better) at equal evaluations, seeds 1 to {seeds}, same process conditions, written by
`compare.py`. Final populations for the analytic problems, the archive for the mixed design problem (eight reals, an
ordinal, two categories, a chance constraint over 200 virtual cells). Times include the evaluation of the problem.

| problem | peer | ours, median | ours, worst | peer, median | peer, worst | ours at least equal | peer's time / ours |
| --- | --- | --- | --- | --- | --- | --- | --- |
""" + "\n".join(rows) + "\n"
open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "RESULTS.md"), "w").write(text)
