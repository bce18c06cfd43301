"""How often the intervals of a meta-analysis hold: python -m benchmarks.meta_coverage [--n 4000].

Jobs on k tasks, each with a mean log ratio over some seeds and the variance that these seeds show.
Seeds differ more on some tasks than on others (their standard deviations by a factor of 3 from
the least to the greatest). `tau` is the standard deviation of the true effects between tasks, in
that of a job's error. Counted is how often an interval of 95 % holds the mean over tasks
(`mean`), and the true effect on one more task (`new task`):

- `product`: `service.report.meta.combine`;
- `unfloored`: Hartung and Knapp's error as it is, even where it is below the classical one;
- `t(k-1)`, `t(k-2)`: the prediction interval with these degrees of freedom throughout;
- `fixed`: one common effect; `DL`: DerSimonian and Laird's variance, with normal quantiles.

`width` is the median width of the product's interval over that with a known tau and known errors.
The standard error of a figure is half a point at n = 4000.
"""

from __future__ import annotations

import argparse
import math

import numpy as np
from scipy import stats

from benchmarks.machine import describe
from service.report.meta import combine

N_TASKS = (2, 3, 4, 6, 10)
TAUS = (0.0, 0.5, 1.0, 3.0)
N_SEEDS = (5, 10)
LEAST, GREATEST = 0.6, 1.8
COLUMNS = (
    "product",
    "unfloored",
    "fixed",
    "DL",
    "new task",
    "t(k-1)",
    "t(k-2)",
    "width",
    "new width",
)


def simulate(k: int, tau: float, n_seeds: int, n: int, seed: int) -> dict[str, float]:
    """Return how often each interval holds, as shares, over `n` sets of k jobs, and the widths."""
    chance = np.random.default_rng(seed)
    found: dict[str, list[float]] = {name: [] for name in COLUMNS}
    for _ in range(n):
        errors = chance.permutation(np.geomspace(LEAST, GREATEST, k))
        truths, new = tau * chance.normal(size=k), tau * chance.normal()
        y = truths + errors * chance.normal(size=k)
        v = errors**2 * chance.chisquare(n_seeds - 1, k) / (n_seeds - 1)
        for name, value in _one(y, v, errors, tau, new).items():
            found[name].append(value)
    mean = {name: float(np.mean(values)) for name, values in found.items()}
    return mean | {name: float(np.median(found[name])) for name in ("width", "new width")}


def _one(
    y: np.ndarray, v: np.ndarray, errors: np.ndarray, tau: float, new: float
) -> dict[str, float]:
    k, z = len(y), stats.norm.ppf(0.975)
    one = combine(y.tolist(), v.tolist())
    if one is None:
        raise ValueError("fewer than 2 jobs")
    t, less = _t(k - 1), _t(k - 2) if k > 2 else math.inf
    spread = math.sqrt(one.tau2 + one.error**2)
    weights = 1.0 / (v + one.tau2)
    scale = float(np.sum(weights * (y - one.mean) ** 2)) / (k - 1)
    unfloored = math.sqrt(scale / float(weights.sum()))
    fixed_mean, fixed_error = _weighted(y, 1.0 / v)
    dl_mean, dl_error = _weighted(y, 1.0 / (v + _dersimonian_laird(y, v)))
    known = 1.0 / math.sqrt(np.sum(1.0 / (errors**2 + tau**2)))
    return {
        "product": one.low <= 0.0 <= one.high,
        "unfloored": abs(one.mean) <= t * unfloored,
        "fixed": abs(fixed_mean) <= z * fixed_error,
        "DL": abs(dl_mean) <= z * dl_error,
        "new task": one.prediction_low <= new <= one.prediction_high,
        "t(k-1)": abs(new - one.mean) <= t * spread,
        "t(k-2)": abs(new - one.mean) <= less * spread,
        "width": (one.high - one.low) / (2.0 * z * known),
        "new width": (one.prediction_high - one.prediction_low)
        / (2.0 * z * math.hypot(tau, known)),
    }


def _t(df: int) -> float:
    return float(stats.t.ppf(0.975, df))


def _weighted(y: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    total = float(weights.sum())
    return float(np.sum(weights * y)) / total, 1.0 / math.sqrt(total)


def _dersimonian_laird(y: np.ndarray, v: np.ndarray) -> float:
    weights = 1.0 / v
    mean, _ = _weighted(y, weights)
    excess = float(np.sum(weights * (y - mean) ** 2)) - (len(y) - 1)
    scale = float(weights.sum() - np.sum(weights**2) / weights.sum())
    return max(0.0, excess / scale)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    print(describe("numpy", "scipy"))
    print(f"n = {asked.n}, seed {asked.seed}")
    print("seeds  tau   k  " + "  ".join(f"{name:>9}" for name in COLUMNS))
    for n_seeds in N_SEEDS:
        for tau in TAUS:
            for k in N_TASKS:
                found = simulate(k, tau, n_seeds, asked.n, asked.seed)
                shown = [f"{100.0 * found[name]:8.1f}%" for name in COLUMNS[:7]]
                shown += [f"{found[name]:9.2f}" for name in COLUMNS[7:]]
                print(f"{n_seeds:5}  {tau:3}  {k:2}  " + "  ".join(shown), flush=True)


if __name__ == "__main__":
    main()
