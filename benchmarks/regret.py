"""Which sampler finds what how soon: python -m benchmarks.regret [--samplers A B] [--seeds 11].

Every sampler of the catalogue that is installed, and `scipy.optimize.direct` as an independent
check of ours, on the functions of workers/functions.py and a noisy one. Simple regret: the value,
without noise, at the point that looked best within the budget, less the minimum; scaled by that of
the median point of the cube, so that 1 is a point taken blindly. Printed for each dimension and
budget: the median over functions and seeds, and the mean rank (1 is best) among the samplers that
have a result, ties shared.

A deterministic sampler on one function has no spread, and a lucky grid would win: each seed moves
the function so that its minimiser lies anywhere in [0.1, 0.9]^d. The formulas hold outside their
usual domains and have no lower values there. Most of the functions treat each coordinate alone, a
gift to samplers that do so too: `--functions "rotated ackley" "rotated rastrigin"` and so on are
not in the default set, and take it back. Samplers are driven through their contract, in rounds
of `--batch-size`, without Ray and SQL. Where the first points of a search do not depend on the
budget it runs once and is read off at each budget; whether they do is found out, not assumed.

Results are added to a file of JSON lines as they come: a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import statistics
import struct
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats
from scipy.stats import qmc

from benchmarks.machine import describe
from densearch.sampler import Entry, StudyPlan
from densearch.seeds import derive
from service.samplers import catalogue, create
from workers.functions import FUNCTIONS

SCIPY = "scipy direct"
NOT_A_SEARCH = {"gradient"}  # it learns inside a training, and knows nothing of functions
NOISY = "noisy sphere"
ROTATED = "rotated "  # before a function's name: turned about its minimiser by the seed
NOISE = 0.05  # standard deviation over the regret of the median point
DIMENSIONS = (2, 4, 6, 8)  # 6 for hartmann6 alone
BUDGETS = (20, 50, 100, 200)
RESULTS = Path("data/regret.jsonl")

Array = NDArray[np.float64]
Point = tuple[float, ...]


@dataclass(frozen=True)
class Result:
    """One search: `regret` is scaled; `seconds` is what the sampler itself took."""

    sampler: str
    function: str
    dimension: int
    seed: int
    budget: int
    regret: float
    seconds: float


def base(name: str) -> str:
    """Return the key of `FUNCTIONS` that a problem is made of."""
    return "sphere" if name == NOISY else name.removeprefix(ROTATED)


class Problem:
    """A function moved by a seed.

    Attributes:
        scale: Regret of the cube's median point.
    """

    def __init__(self, name: str, dimension: int, seed: int) -> None:
        self._is_noisy = name == NOISY
        self._seed = seed
        function = FUNCTIONS[base(name)]
        self._evaluate, self._minimum = function.evaluate, function.minimum
        generator = np.random.default_rng(derive("regret", name, dimension, seed))
        self._target = generator.uniform(0.1, 0.9, dimension)
        self._minimiser = np.array(function.minimiser(dimension))
        self._turn: Array | None = None
        if name.startswith(ROTATED):
            self._turn = np.array(stats.ortho_group.rvs(dimension, random_state=generator))
        sample = qmc.Sobol(dimension, rng=0).random_base2(10)
        self.scale = statistics.median(self.regret(tuple(u)) for u in sample.tolist())

    def regret(self, point: Point) -> float:
        """Return the value at a point, without noise, less the minimum."""
        # Minimisers are published to six digits: a search may come below by rounding.
        return max(self._evaluate(self._moved(np.array(point))) - self._minimum, 0.0)

    def _moved(self, point: Array) -> Array:
        """Return where the function is evaluated: its minimiser when the point is the target."""
        if self._turn is None:
            return point + (self._minimiser - self._target)
        return np.asarray(self._turn @ (point - self._target) + self._minimiser)

    def value(self, point: Point) -> float:
        """Return what a sampler is told: the regret, noisy if the problem is."""
        return self.regret(point) + (self.scale * NOISE * self._noise(point))

    def _noise(self, point: Point) -> float:
        """Return a normal number that depends on the point's bytes alone; 0 without noise."""
        if not self._is_noisy:
            return 0.0
        digest = hashlib.sha256(struct.pack(f"{len(point)}dq", *point, self._seed)).digest()
        return statistics.NormalDist().inv_cdf((int.from_bytes(digest[:6]) + 0.5) / 2.0**48)


def searched(name: str, study: StudyPlan, problem: Problem) -> list[Point]:
    """Return the points of a study in the order of its sequence."""
    if name == SCIPY:
        return searched_by_scipy(study, problem)
    sampler = create(name, study)
    log: list[Entry] = []
    while not (plan := sampler.plan(log)).is_finished:
        for index, number in plan.numbered.items():
            log[index] = Entry(log[index].point, log[index].value, number)
        for proposal in plan.proposals:
            value = problem.value(proposal.point)
            log.append(Entry(proposal.point, value, proposal.number))
    return [entry.point for entry in sorted(log, key=lambda entry: entry.number or 0)]


def searched_by_scipy(study: StudyPlan, problem: Problem) -> list[Point]:
    """Return the first points of scipy's own DIRECT_L."""
    points: list[Point] = []

    def evaluate(x: Array) -> float:
        points.append(tuple(x.tolist()))
        return problem.value(points[-1])

    optimize.direct(
        evaluate,
        [(0.0, 1.0)] * study.dimension,
        eps=1e-4,
        maxfun=study.n_trials,
        maxiter=study.n_trials,
        locally_biased=True,
        vol_tol=0.0,
        len_tol=0.0,
    )
    return points[: study.n_trials]


@cache
def depends_on_budget(name: str, batch_size: int) -> bool:
    """Whether the first points of a longer search are others than those of a short one."""
    problem = Problem("sphere", 2, 0)
    short, long = (
        searched(name, StudyPlan(2, n, 0, batch_size, lower_bound=0.0, penalty=None), problem)
        for n in (20, 60)
    )
    return short != long[:20]


@dataclass(frozen=True)
class Task:
    """Searches of one sampler on one problem, read off at several budgets."""

    sampler: str
    function: str
    dimension: int
    seed: int
    budgets: tuple[int, ...]
    batch_size: int

    def run(self) -> list[Result]:
        """Search, once for all budgets where that gives the same."""
        problem = Problem(self.function, self.dimension, self.seed)
        if depends_on_budget(self.sampler, self.batch_size):
            return [r for budget in self.budgets for r in self._search(problem, (budget,))]
        return list(self._search(problem, self.budgets))

    def _search(self, problem: Problem, budgets: tuple[int, ...]) -> Iterator[Result]:
        # A bound of the noisy values is not known; all others are at least 0.
        bound = None if self.function == NOISY else 0.0
        seed = derive("study", self.seed)
        study = StudyPlan(self.dimension, max(budgets), seed, self.batch_size, bound, penalty=None)
        begin = time.perf_counter()
        points = searched(self.sampler, study, problem)
        seconds = time.perf_counter() - begin
        for budget in budgets:
            best = min(points[:budget], key=problem.value)
            regret = problem.regret(best) / problem.scale
            yield Result(
                self.sampler, self.function, self.dimension, self.seed, budget, regret, seconds
            )


def functions_in(dimension: int, wanted: Sequence[str]) -> list[str]:
    """Return the problems of a dimension; 6 is there for hartmann6 alone."""
    if dimension == 6:
        return [name for name in wanted if name == "hartmann6"]
    return [n for n in wanted if dimension in FUNCTIONS[base(n)].dimensions]


def tasks(arguments: argparse.Namespace, done: Sequence[Result]) -> Iterator[Task]:
    """Yield what is asked for and not known yet, seed by seed, so that a part is a fair part."""
    known = {(r.sampler, r.function, r.dimension, r.seed, r.budget) for r in done}
    for seed in range(arguments.seeds):
        for dimension in arguments.dimensions:
            for function in functions_in(dimension, arguments.functions):
                for name in arguments.samplers:
                    missing = tuple(
                        b
                        for b in BUDGETS
                        if b <= arguments.budget
                        and (name, function, dimension, seed, b) not in known
                    )
                    if missing:
                        yield Task(name, function, dimension, seed, missing, arguments.batch_size)


def read(path: Path) -> list[Result]:
    """Return the results of earlier runs."""
    if not path.exists():
        return []
    return [Result(**json.loads(line)) for line in path.read_text().splitlines()]


def run(arguments: argparse.Namespace) -> None:
    """Search what is missing; results are written as they come."""
    path: Path = arguments.results
    path.parent.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(arguments.processes) as pool, path.open("a") as file:
        futures = [pool.submit(Task.run, task) for task in tasks(arguments, read(path))]
        for future in as_completed(futures):
            for result in future.result():
                file.write(json.dumps(asdict(result)) + "\n")
            file.flush()


@dataclass(frozen=True)
class Ranking:
    """Mean ranks over the problems (functions and seeds) that all samplers have searched."""

    n_problems: int
    by_sampler: dict[str, float]


def ranking(results: Sequence[Result]) -> Ranking:
    """Rank the samplers on each problem, 1 for the least regret, ties shared."""
    by_problem: dict[tuple[str, int], dict[str, float]] = {}
    for r in results:
        by_problem.setdefault((r.function, r.seed), {})[r.sampler] = r.regret
    names = sorted({r.sampler for r in results})
    shared = [found for found in by_problem.values() if len(found) == len(names)]
    if not shared:
        return Ranking(0, {})
    table = np.array([[found[name] for name in names] for found in shared])
    means = stats.rankdata(table, axis=1).mean(axis=0).tolist()
    return Ranking(len(shared), dict(zip(names, means, strict=True)))


def report(results: Sequence[Result]) -> Iterator[str]:
    """Yield a table for each dimension: a sampler a row, median regret and mean rank by budget."""
    for dimension in sorted({r.dimension for r in results}):
        here = [r for r in results if r.dimension == dimension]
        by_budget = {b: [r for r in here if r.budget == b] for b in BUDGETS}
        rankings = {b: ranking(rows) for b, rows in by_budget.items()}
        rank = {b: found.by_sampler for b, found in rankings.items()}
        shared = ", ".join(f"{found.n_problems} at {b}" for b, found in rankings.items())
        yield f"\ndimension {dimension}: median scaled regret (mean rank; over problems: {shared})"
        yield "| sampler | n | " + " | ".join(map(str, BUDGETS)) + " | ms a trial |"
        yield "|---|---|" + "---|" * (len(BUDGETS) + 1)
        for name in sorted({r.sampler for r in here}, key=lambda n: rank[100].get(n, math.inf)):
            yield row(name, [r for r in here if r.sampler == name], rank)


def row(name: str, rows: Sequence[Result], rank: dict[int, dict[str, float]]) -> str:
    """Return one line of a table."""
    cells = []
    for budget in BUDGETS:
        found = [r.regret for r in rows if r.budget == budget]
        place = rank[budget].get(name)
        median = f"{statistics.median(found):.2g}" if found else "-"
        cells.append(median + (f" ({place:.1f})" if place is not None else ""))
    most = max(r.budget for r in rows)
    cost_ms = 1000 * statistics.median(r.seconds for r in rows if r.budget == most) / most
    n = len({(r.function, r.seed) for r in rows})
    return f"| {name} | {n} | " + " | ".join(cells) + f" | {cost_ms:.3g} |"


def main() -> None:
    """Search what is missing and print the tables."""
    names = [i.name for i in catalogue() if i.is_installed and i.name not in NOT_A_SEARCH]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samplers", nargs="+", default=[*names, SCIPY])
    parser.add_argument("--functions", nargs="+", default=[*FUNCTIONS, NOISY])
    parser.add_argument("--dimensions", nargs="+", type=int, default=DIMENSIONS)
    parser.add_argument("--seeds", type=int, default=11)
    parser.add_argument("--budget", type=int, default=max(BUDGETS), help="the largest one")
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--report", action="store_true", help="print what is there, run nothing")
    arguments = parser.parse_args()
    if not arguments.report:
        run(arguments)
    print(describe("nlopt", "optuna", "scipy", "cmaes", "ray", "hyperopt", "nevergrad"))
    print(f"rounds of {arguments.batch_size}; functions and seeds in column n")
    found = [
        r
        for r in read(arguments.results)
        if r.sampler in arguments.samplers
        and r.function in arguments.functions
        and r.dimension in arguments.dimensions
        and r.seed < arguments.seeds
    ]
    for line in report(found):
        print(line)


if __name__ == "__main__":
    main()
