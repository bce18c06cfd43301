"""How often the interval of docs/regret.md holds the truth: python -m benchmarks.regret.coverage.

Simulated: functions whose differences are drawn from a distribution around 0, and shifts of each
with a spread of the same size. Printed for each number of functions: how often the interval at
95 % of the median over functions holds 0.
"""

from __future__ import annotations

import argparse

import numpy as np

from benchmarks.machine import describe
from benchmarks.regret.differences import difference

DISTRIBUTIONS = ("normal", "t3")


def holds(random: np.random.Generator, distribution: str, n_functions: int, n_shifts: int) -> bool:
    """Simulate one table's cell and return whether its interval holds 0."""
    is_normal = distribution == "normal"
    middles = random.normal(size=n_functions) if is_normal else random.standard_t(3, n_functions)
    paired = {str(i): random.normal(x, 1.0, n_shifts).tolist() for i, x in enumerate(middles)}
    found = difference(paired, n_resamples=500)
    return found.low <= 0 <= found.high


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=1000, help="simulations for each line")
    parser.add_argument("--shifts", type=int, default=11)
    given = parser.parse_args()
    print(describe("numpy"))
    for n_functions in (3, 4, 5, 6, 7, 10):
        shares = [
            np.mean([holds(random, name, n_functions, given.shifts) for _ in range(given.n)])
            for name in DISTRIBUTIONS
            for random in [np.random.default_rng(n_functions)]
        ]
        found = zip(DISTRIBUTIONS, shares, strict=True)
        text = ", ".join(f"{name} {share:.1%}" for name, share in found)
        print(f"{n_functions:2d} functions: {text}", flush=True)


if __name__ == "__main__":
    main()
