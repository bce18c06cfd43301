"""The cost of an ask, measured and computed: python -m benchmarks.ask_cost [--samplers tpe gp].

Each sampler is made, shown a log of random points that have all ended, and asked once, in its own
process: its CPU time (imports of its making not included) and its memory beyond what the process
had. The table also shows the count of `service.samplers.effort`, which decides whether a sampler
is asked in the loop, in a process, or refused.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time

import numpy as np

from benchmarks.machine import describe
from densearch.sampler import Entry, StudyPlan
from service import samplers

# Dimension, trials in the log, trials in a round, options.
CASES: dict[str, tuple[tuple[int, int, int, dict[str, int]], ...]] = {
    "tpe": (
        (2, 1_000, 4, {}),
        (2, 10_000, 4, {}),
        (10, 1_000, 4, {}),
        (64, 1_000, 4, {}),
        (64, 1_000, 4, {"n_ei_candidates": 1_000}),
        (10, 1_000, 1, {"n_ei_candidates": 10_000}),
    ),
    "gp": ((2, 100, 4, {}), (10, 300, 1, {}), (10, 1_000, 1, {}), (64, 100, 1, {})),
    "cmaes": ((10, 1_000, 4, {}), (100, 1_000, 4, {}), (400, 20, 4, {}), (10, 9_000, 1024, {})),
    "grid": ((64, 20_000, 4, {}),),
    "tune:bayesopt": ((10, 300, 1, {}), (10, 1_000, 1, {})),
}


def measured(name: str, study: StudyPlan, n_told: int) -> tuple[float, int]:
    """Return the CPU seconds and the further bytes of one ask, in this process."""
    generator = np.random.default_rng(1)
    sampler = samplers.create(name, study)
    log = [
        Entry(tuple(generator.random(study.dimension).tolist()), float(generator.random()), i)
        for i in range(n_told)
    ]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    sampler.plan(log)
    used_s = time.process_time() - started
    return used_s, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024


def plan_of(name: str, case: tuple[int, int, int, dict[str, int]]) -> tuple[StudyPlan, int]:
    """Return a case's study, and how many trials of its log are whole rounds."""
    dimension, n_told, batch_size, options = case
    study = StudyPlan(dimension, n_told + batch_size, 7, batch_size=batch_size, options=options)
    size = getattr(samplers.create(name, study), "round_size", 1)
    return study, n_told // size * size


def main() -> None:
    """Print a line for each case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samplers", nargs="+", default=list(CASES))
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one is not None:
        name, index = arguments.one
        print(json.dumps(measured(name, *plan_of(name, CASES[name][int(index)]))))
        return
    print(describe("optuna", "cmaes", "nlopt"))
    for name in arguments.samplers:
        for index, case in enumerate(CASES[name]):
            command = (sys.executable, "-m", "benchmarks.ask_cost", "--one", name, str(index))
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            used_s, n_bytes = json.loads(said)
            effort = samplers.effort_of(name, plan_of(name, case)[0])
            line = f"{name:<14} {case!s:<50} CPU {used_s:7.2f} s, counted {effort.work / 1e6:7.2f}"
            print(
                f"{line}; {n_bytes / 2**20:6.0f} MiB, counted {effort.memory_bytes / 2**20:6.0f}"
            )


if __name__ == "__main__":
    main()
