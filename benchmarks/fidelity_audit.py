"""What the audit of short trainings recovers: python -m benchmarks.fidelity_audit [--n 2000].

Simulated searches whose short and full losses have a known rank correlation (Spearman's, of a
bivariate normal distribution). The best 3 are promoted, some others audited, as the product draws
them; the report's rank correlation is compared with that of all points of the same searches.
`promoted` is Spearman's of the best 8 alone, unweighted: what a report had without an audit.

- `mean` and `sd` of the estimate over the jobs; `rmse` against the truth of the job's own points.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import describe
from service.report.audited import Audited, rank_correlation
from service.studies import audit

PROMOTED, FAVOURITES = 3, 8
# Trials of a search, audited trainings of it, searches of a job.
CELLS = ((16, 2, 3), (16, 5, 1), (16, 5, 3), (48, 5, 1), (48, 5, 3))
TRUTHS = (0.9, 0.5, 0.0)

Array = NDArray[np.float64]


def losses_of(n: int, truth: float, chance: np.random.Generator) -> Array:
    """Return short and full losses, shape (2, n), by rising short loss."""
    pearson = 2.0 * math.sin(math.pi * truth / 6.0)
    short, other = chance.normal(size=(2, n))
    full = pearson * short + math.sqrt(1.0 - pearson**2) * other
    return np.stack([short, full])[:, np.argsort(short)]


def audited(full: Array, n_audited: int, chance: np.random.Generator) -> Audited:
    """Return what is known of a search, of its full losses by rising short loss."""
    n = len(full)
    strata = audit.strata(n - PROMOTED, n_audited)
    drawn = [PROMOTED + int(chance.choice(ranks)) for ranks in strata]
    kept = np.array([*range(PROMOTED), *drawn])
    weights = np.array([1.0] * PROMOTED + [float(len(ranks)) for ranks in strata])
    return Audited((kept + 0.5) / n, full[kept], weights, kept >= PROMOTED)


def line(n_trials: int, n_audited: int, n_searches: int, truth: float, n: int) -> str:
    """Return a line of the table."""
    found: list[float] = []
    exact: list[float] = []
    today: list[float] = []
    for seed in range(n):
        chance = np.random.default_rng([seed, n_trials, n_audited])
        jobs = [losses_of(n_trials, truth, chance) for _ in range(n_searches)]
        estimate = rank_correlation([audited(full, n_audited, chance) for _, full in jobs])
        found.append(estimate if estimate is not None else 0.0)
        exact.append(float(np.mean([_spearman(job) for job in jobs])))
        today.append(float(np.median([_spearman(job[:, :FAVOURITES]) for job in jobs])))
    return (
        f"{n_trials:6} {n_audited:8} {n_searches:9} {truth:6.1f}"
        f"   {_spread(found)} {_error(found, exact):5.2f}"
        f"   {_spread(today)} {_error(today, exact):5.2f}"
    )


def _spearman(losses: Array) -> float:
    """Return Spearman's correlation; without ties it is Pearson's of the ranks."""
    short, full = losses.argsort(axis=1).argsort(axis=1)
    return float(np.corrcoef(short, full)[0, 1])


def _spread(values: Sequence[float]) -> str:
    return f"{np.mean(values):5.2f} {np.std(values):5.2f}"


def _error(values: Sequence[float], exact: Sequence[float]) -> float:
    return math.sqrt(float(np.mean(np.square(np.subtract(values, exact)))))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=2000)
    asked = parser.parse_args()
    print(describe("numpy", "scipy"))
    print(f"{PROMOTED} promoted, n = {asked.n} jobs a line; the truth is that of all points")
    print("                                  audit             promoted")
    print("trials  audited  searches  truth    mean    sd  rmse    mean    sd  rmse")
    for n_trials, n_audited, n_searches in CELLS:
        for truth in TRUTHS:
            print(line(n_trials, n_audited, n_searches, truth, asked.n), flush=True)


if __name__ == "__main__":
    main()
