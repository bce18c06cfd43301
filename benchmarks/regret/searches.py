"""The searches: each sampler on each problem, through the contract that jobs use.

Samplers are driven in rounds, without Ray and SQL. Where the first points of a search do not
depend on the budget it runs once and is read off at each budget; whether they do is found out, not
assumed. `scipy.optimize.direct` is an independent check of ours.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from benchmarks.regret.problems import NOISY, Point, Problem
from densearch.sampler import Entry, StudyPlan
from densearch.seeds import derive
from service.samplers import create

SCIPY = "scipy direct"
LEAST = 1e-6  # a scaled regret below this is taken for this

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Result:
    """One search, read off at a budget.

    Attributes:
        regret: Log10 of the scaled regret at the point that looked best within the budget.
        area: Mean of that over the trials from the first to the budget's last.
    """

    sampler: str
    function: str
    dimension: int
    shift: int
    budget: int
    regret: float
    area: float


def searched(name: str, study: StudyPlan, problem: Problem) -> list[tuple[Point, float]]:
    """Return the points of a study, each with its value, in the order of its sequence."""
    if name == SCIPY:
        return searched_by_scipy(study, problem)
    sampler = create(name, study)
    log: list[Entry] = []
    values: dict[Point, float] = {}
    while not (plan := sampler.plan(log)).is_finished:
        for index, number in plan.numbered.items():
            log[index] = Entry(log[index].point, log[index].value, number)
        for proposal in plan.proposals:
            value = values[proposal.point] = problem.value(proposal.point)
            log.append(Entry(proposal.point, value, proposal.number))
    entries = sorted(log, key=lambda entry: entry.number or 0)
    return [(entry.point, values[entry.point]) for entry in entries]


def searched_by_scipy(study: StudyPlan, problem: Problem) -> list[tuple[Point, float]]:
    """Return the first points of scipy's own DIRECT_L."""
    found: list[tuple[Point, float]] = []

    def evaluate(x: Array) -> float:
        point = tuple(x.tolist())
        found.append((point, problem.value(point)))
        return found[-1][1]

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
    return found[: study.n_trials]


@cache
def depends_on_budget(name: str, batch_size: int) -> bool:
    """Whether the first points of a longer search are others than those of a short one."""
    problem = Problem("sphere", 2, 0)
    short, long = (
        searched(name, StudyPlan(2, n, 0, batch_size, lower_bound=0.0, penalty=None), problem)
        for n in (20, 60)
    )
    return short != long[:20]


def curve(regrets: Sequence[float], values: Sequence[float]) -> Array:
    """Return log10 of the regret of the point that looks best after each trial, shape (trials,).

    Args:
        regrets: Scaled, without noise.
        values: What the sampler was told: they decide what looks best, of equals the first.
    """
    best, logs = 0, []
    for index, value in enumerate(values):
        if value < values[best]:
            best = index
        logs.append(math.log10(max(regrets[best], LEAST)))
    return np.array(logs)


@dataclass(frozen=True)
class Task:
    """Searches of one sampler on one problem, read off at several budgets."""

    sampler: str
    function: str
    dimension: int
    shift: int
    budgets: tuple[int, ...]
    batch_size: int

    def run(self) -> list[Result]:
        """Search, once for all budgets where that gives the same."""
        problem = Problem(self.function, self.dimension, self.shift)
        if depends_on_budget(self.sampler, self.batch_size):
            return [r for budget in self.budgets for r in self._search(problem, (budget,))]
        return list(self._search(problem, self.budgets))

    def _search(self, problem: Problem, budgets: tuple[int, ...]) -> Iterator[Result]:
        # A bound of the noisy values is not known; all others are at least 0.
        bound = None if self.function.startswith(NOISY) else 0.0
        seed = derive("study", self.shift)
        study = StudyPlan(self.dimension, max(budgets), seed, self.batch_size, bound, penalty=None)
        found = searched(self.sampler, study, problem)
        regrets = [problem.regret(point) / problem.scale for point, _ in found]
        logs = curve(regrets, [value for _, value in found])
        problem_of = (self.sampler, self.function, self.dimension, self.shift)
        for budget in budgets:
            seen = logs[:budget]
            at_end, area = round(float(seen[-1]), 5), round(float(seen.mean()), 5)
            yield Result(*problem_of, budget, at_end, area)
