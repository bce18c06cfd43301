"""How much faster many workers are: python -m benchmarks.direct_l_speedup [--sampler direct_l].

Simulated time: each study is 200 trials of NLopt's own sequence, told as they end, at once. The
mean of six functions; times are equal, or lognormal with sigma 0.5 (three seeds). Extra: trials
that the sequence did not come to need, of those it did. Hits: speculative trials that it did need.
"""

from __future__ import annotations

import argparse
import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from benchmarks.machine import describe
from benchmarks.simulation import Simulation
from densearch.sampler import StudyPlan
from workers.functions import evaluate

Point = tuple[float, ...]

N_TRIALS = 200
DIMENSIONS = (2, 4, 8, 12)
WORKERS = (4, 8, 16, 32)
ANALYTIC = ("sphere", "rosenbrock", "ackley", "levy", "rastrigin")
TARGETS = {0.0: {4: 3.9, 8: 7.4, 16: 12.8}, 0.5: {4: 3.6, 8: 6.8, 16: 11.8}}
MOST_EXTRA = {16: 0.25}


def waves(point: Point) -> float:
    """Many minima, none of them on a grid; above 0."""
    return len(point) + sum(math.sin(13.0 * x + axis) for axis, x in enumerate(point))


def objectives(dimension: int) -> list[Callable[[Point], float]]:
    """The six functions in some dimension; 0 is a true lower bound of them all."""
    return [*(partial(evaluate, name, dimension) for name in ANALYTIC), waves]


@dataclass(frozen=True)
class Outcome:
    """What one study came to."""

    speed_up: float
    extra: float
    hit_rate: float


def simulate(sampler: str, dimension: int, n_workers: int, sigma: float) -> list[Outcome]:
    """Run the six functions."""
    found = []
    for seed in (1, 2, 3) if sigma else (1,):
        for objective in objectives(dimension):
            study = StudyPlan(dimension, N_TRIALS, seed=7, lower_bound=0.0)
            place = Simulation(sampler, study, n_workers, sigma, seed)
            place.run(objective)
            n_extra, n_tried = place.n_extra, max(place.n_speculative, 1)
            found.append(Outcome(place.speed_up, n_extra / N_TRIALS, 1 - n_extra / n_tried))
    return found


def row(sampler: str, dimension: int, n_workers: int, sigma: float) -> str:
    """One line of the table, with what is missed of the targets."""
    found = simulate(sampler, dimension, n_workers, sigma)
    speed_ups = [one.speed_up for one in found]
    mean, extra = statistics.mean(speed_ups), statistics.mean(one.extra for one in found)
    hits = statistics.mean(one.hit_rate for one in found)
    target, most = TARGETS[sigma].get(n_workers), MOST_EXTRA.get(n_workers)
    missed = (target is not None and mean < target) or (most is not None and extra > most)
    verdict = "" if target is None else f"target {target:g}: {'MISSED' if missed else 'reached'}"
    return (
        f"{dimension:>3} {n_workers:>7} {sigma:>5.1f} {mean:>8.2f} "
        f"({min(speed_ups):5.2f} to {max(speed_ups):5.2f}) {100 * extra:>6.1f} % "
        f"{100 * hits:>5.0f} % {len(found):>3}  {verdict}"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sampler", default="direct_l")
    parser.add_argument("--dimensions", nargs="+", type=int, default=DIMENSIONS)
    parser.add_argument("--workers", nargs="+", type=int, default=WORKERS)
    arguments = parser.parse_args()
    print(describe("nlopt", "numpy", "scipy"))
    print(f"{arguments.sampler}, {N_TRIALS} confirmed trials; mean (range) over n studies")
    print("dim workers sigma speed-up (   range     )   extra    hits   n")
    for sigma in TARGETS:
        for dimension in arguments.dimensions:
            for n_workers in arguments.workers:
                print(row(arguments.sampler, dimension, n_workers, sigma), flush=True)


if __name__ == "__main__":
    main()
