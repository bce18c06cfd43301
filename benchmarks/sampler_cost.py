"""What it costs to decide what to run next: python -m benchmarks.sampler_cost [--trials 1000].

A simulated study with 8 workers whose trials all take about as long (lognormal, sigma 0.1). Each
time that one ends its sampler is asked for its plan, and for as many likely points as there are
idle workers. The cost is this process's CPU time inside these calls, for each trial that counts.
"""

from __future__ import annotations

import argparse
import statistics

from benchmarks.machine import describe, judge, spread
from benchmarks.simulation import Simulation
from densearch.sampler import StudyPlan
from workers.functions import evaluate

N_WORKERS = 8
CASES = ((2, "ackley"), (4, "rosenbrock"), (8, "levy"))
TARGETS_MS = {1_000: 3.0, 10_000: 10.0}
SAMPLERS = ("direct_l", "direct_l_rand", "direct_l_bobyqa", "direct_l_model")


def measure(sampler: str, dimension: int, function: str, n_trials: int) -> float:
    """Return the milliseconds of CPU time for each trial."""
    study = StudyPlan(dimension, n_trials, seed=7, lower_bound=0.0)
    simulation = Simulation(sampler, study, N_WORKERS, sigma=0.1, seed=1)
    simulation.run(lambda point: evaluate(function, dimension, point))
    return 1000 * simulation.deciding_s / n_trials


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--samplers", nargs="+", default=SAMPLERS)
    parser.add_argument("--dimensions", nargs="+", type=int, default=[d for d, _ in CASES])
    arguments = parser.parse_args()
    print(describe("nlopt", "numpy", "scipy"))
    cases = [case for case in CASES if case[0] in arguments.dimensions]
    names = ", ".join(f"{function} in {dimension}" for dimension, function in cases)
    print(f"{arguments.trials} trials, {N_WORKERS} workers; {names} dimensions")
    for sampler in arguments.samplers:
        found = [measure(sampler, *case, arguments.trials) for case in cases]
        line = f"{sampler:<16} {spread(found, 'ms/trial')}"
        target = TARGETS_MS.get(arguments.trials)
        print(line, judge(statistics.median(found), target, "ms") if target else "", flush=True)


if __name__ == "__main__":
    main()
