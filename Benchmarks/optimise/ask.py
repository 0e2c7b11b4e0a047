"""The next designs to build beside BoTorch's qLogNEHVI: ask.py BENCHMARK [SEEDS]. Writes ASK.md beside itself.

Needs botorch and torch (`pip install botorch`; the processor build of torch will do) and numpy. One thread each.
"""
import os, subprocess, sys, time, warnings
import numpy as np
import torch
from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
from botorch.fit import fit_gpytorch_mll
from botorch.models import ModelListGP, SingleTaskGP
from botorch.models.transforms.outcome import Standardize
from botorch.optim import optimize_acqf
from botorch.sampling.normal import SobolQMCNormalSampler
from botorch.utils.multi_objective.hypervolume import Hypervolume
from botorch.utils.multi_objective.pareto import is_non_dominated
from gpytorch.mlls import SumMarginalLogLikelihood

torch.set_num_threads(1)
torch.set_default_dtype(torch.double)
warnings.filterwarnings("ignore")
tool, seeds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 9
BEST, NOISE, BATCHES, Q = .75488, .03, 5, 4
one = dict(os.environ, OPENBLAS_NUM_THREADS="1")
ours, starts = {}, {}
for line in subprocess.run([tool, "ask", str(seeds)], capture_output=True, text=True, check=True, env=one).stdout.splitlines():
    kind, seed, *numbers = line.split()
    numbers = [float(x) for x in numbers]
    if kind == "start": starts.setdefault(int(seed), []).append(numbers)
    else: ours[int(seed)] = (numbers[0] / BEST, numbers[1:])


def truth(x):
    """BNH's objectives on the unit square, scaled by 140 and 50; both to be small."""
    a, b = 5 * x[:, 0], 3 * x[:, 1]
    return torch.stack([(4 * a * a + 4 * b * b) / 140, ((a - 5) ** 2 + (b - 5) ** 2) / 50], 1)


bounds = torch.tensor([[0., 0.], [1., 1.]])
reference = torch.tensor([-1., -1.])
rows = []
for seed in range(1, seeds + 1):
    torch.manual_seed(seed)
    start = torch.tensor(starts[seed])
    x, y = start[:, :2], -start[:, 2:]
    seconds = []
    for _ in range(BATCHES):
        began = time.time()
        model = ModelListGP(*[SingleTaskGP(x, y[:, k:k + 1], outcome_transform=Standardize(1)) for k in range(2)])
        fit_gpytorch_mll(SumMarginalLogLikelihood(model.likelihood, model))
        gain = qLogNoisyExpectedHypervolumeImprovement(
            model=model, ref_point=reference, X_baseline=x, prune_baseline=True,
            sampler=SobolQMCNormalSampler(torch.Size([256]), seed=seed))
        new, _ = optimize_acqf(gain, bounds, q=Q, num_restarts=10, raw_samples=512, sequential=True,
                               options={"batch_limit": 5, "maxiter": 200})
        seconds.append(time.time() - began)
        x = torch.cat([x, new])
        y = torch.cat([y, -(truth(new) + NOISE * torch.randn(Q, 2))])
    exact = -truth(x)
    value = Hypervolume(reference).compute(exact[is_non_dominated(exact)]) / BEST
    rows.append((ours[seed][0], np.median(ours[seed][1]), value, np.median(seconds)))
    print(seed, *(f"{v:.4f}" for v in rows[-1]), flush=True)
r = np.array(rows)
m = np.median(r, 0)
page = f"""# The next designs to build beside BoTorch's qLogNEHVI

Written by `ask.py`. BNH's objectives on the unit square (scaled by 140 and 50, reference (1, 1), noise sd {NOISE}): eight
Sobol starts with the same measurements for both, then {BATCHES} batches of {Q}; {seeds} seeds, one thread. Share of the best
hypervolume {BEST} that the designs built reach without noise, and seconds an ask (model and batch). BoTorch: one
`SingleTaskGP` an objective, `qLogNoisyExpectedHypervolumeImprovement` of 256 Sobol samples, `optimize_acqf` with 10 restarts
from 512 points, one pick after another.

| program | median share | worst | seconds an ask |
| --- | --- | --- | --- |
| `BatchProposal` | {m[0]:.4f} | {r[:, 0].min():.4f} | {m[1]:.3f} |
| BoTorch | {m[2]:.4f} | {r[:, 2].min():.4f} | {m[3]:.3f} |

Ours reaches {m[0] / m[2]:.3f} of BoTorch's hypervolume and asks {m[3] / m[1]:.0f} times as fast.
"""
open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "ASK.md"), "w").write(page)
print(page)
