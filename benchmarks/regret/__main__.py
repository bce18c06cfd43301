"""Which sampler finds what how soon: python -m benchmarks.regret [--sections plain noise].

Every sampler of the catalogue that is installed, and `scipy.optimize.direct`, on the functions of
workers/functions.py and on tables of real trainings (benchmarks/recorded). Simple regret: the
value, without noise, at the point that looked best within the budget, less the minimum; scaled by
that of the median point of the cube, so that 1 is a point taken blindly; log10, from 1e-6 on.
Printed for each sampler: the difference to the default one on the same problems after 20, 50 and
200 trials, and of the area, the mean of the log regret over the trials from the first to the last.
Below 0 the sampler is better. The unit is the function (`benchmarks.regret.differences`); what
excludes 0 at 95 % is bold. Cheap samplers search 30 shifts of each function, the others fewer
(`benchmarks.regret.sections`).

Results are added to a file of JSON lines as they come: a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path

from benchmarks.machine import describe
from benchmarks.regret.problems import base
from benchmarks.regret.report import table
from benchmarks.regret.searches import SCIPY, Result, Task
from benchmarks.regret.sections import N_SHIFTS, NOT_MEASURED, SECTIONS, n_shifts
from service.samplers import catalogue

BUDGETS = (20, 50, 100, 200)
RESULTS = Path("data/regret.jsonl")


def installed() -> list[str]:
    """Return the samplers that are measured where no section says which."""
    names = [info.name for info in catalogue() if info.is_installed]
    return [*(name for name in names if name not in NOT_MEASURED), SCIPY]


def wanted(given: argparse.Namespace) -> Iterator[tuple[str, str, int, int]]:
    """Yield sampler, function, dimension, shift: shift by shift, so that a part is a fair part."""
    for section in given.sections:
        own = SECTIONS[section]
        for shift in range(given.shifts):
            for function, dimension in own.places:
                if given.functions and base(function) not in given.functions:
                    continue
                for name in given.samplers:
                    is_of_it = not own.samplers or name in own.samplers
                    if is_of_it and shift < n_shifts(name, given.shifts):
                        yield name, function, dimension, shift


def tasks(given: argparse.Namespace, done: Sequence[Result]) -> Iterator[Task]:
    """Yield what is asked for and not known yet."""
    known = {(r.sampler, r.function, r.dimension, r.shift, r.budget) for r in done}
    budgets = [budget for budget in BUDGETS if budget <= given.budget]
    for search in wanted(given):
        missing = tuple(budget for budget in budgets if (*search, budget) not in known)
        if missing:
            yield Task(*search, missing, given.batch_size)


def read(path: Path) -> list[Result]:
    """Return the results of earlier runs."""
    if not path.exists():
        return []
    return [Result(**json.loads(line)) for line in path.read_text().splitlines()]


def run(given: argparse.Namespace) -> None:
    """Search what is missing; results are written as they come."""
    path: Path = given.results
    path.parent.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(given.processes) as pool, path.open("a") as file:
        futures = [pool.submit(Task.run, task) for task in tasks(given, read(path))]
        for future in as_completed(futures):
            for result in future.result():
                file.write(json.dumps(asdict(result)) + "\n")
            file.flush()


def main() -> None:
    """Search what is missing and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sections", nargs="+", default=list(SECTIONS), choices=list(SECTIONS))
    parser.add_argument("--samplers", nargs="+", default=installed())
    parser.add_argument("--functions", nargs="+", help="to search; all if none")
    parser.add_argument("--shifts", type=int, default=N_SHIFTS)
    parser.add_argument("--budget", type=int, default=max(BUDGETS), help="the largest one")
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--report", action="store_true", help="print what is there, run nothing")
    given = parser.parse_args()
    if not given.report:
        run(given)
    print(describe("nlopt", "optuna", "scipy", "cmaes", "ray", "hyperopt", "nevergrad"))
    print(f"rounds of {given.batch_size}; difference of log10 regret [95 % interval]")
    found = [r for r in read(given.results) if r.shift < given.shifts]
    for name in given.sections:
        for heading, places in SECTIONS[name].tables.items():
            for line in table(heading, found, places):
                print(line)


if __name__ == "__main__":
    main()
