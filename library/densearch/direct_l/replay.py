"""NLopt, run again from the start over known values.

NLopt has no ask and tell and cannot be saved, but a run of its DIRECT-L over known values costs
less than a microsecond an evaluation. Of GN_DIRECT_L and GN_DIRECT_L_RAND two runs are made:
`iteration` goes to the end of the iteration in which the first unknown point lies, `ahead` goes on
by guessed values. Of LN_BOBYQA there is one, `descent`. This module is NLopt's only door. See
docs/adr/0003-direct-l-by-replay.md.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from contextlib import suppress
from dataclasses import dataclass

import nlopt
import numpy as np

from densearch.direct_l.callbacks import (
    STOPVAL,
    AheadObjective,
    Array,
    DescentObjective,
    IterationObjective,
    Known,
)

# Of BOBYQA on the unit cube: the distance to its first points, and the accuracy at which it ends.
FIRST_STEP = 0.1
FINEST_STEP = 1e-4

SEED_MASK = 2**32 - 1  # what NLopt's generator takes of a seed on every platform


@dataclass(frozen=True, slots=True)
class Algorithm:
    """Which DIRECT-L is run, on the unit cube.

    Attributes:
        dimension: At least 1.
        magic_eps: Jones' epsilon.
        seed: Of the generator of GN_DIRECT_L_RAND, which divides one of the longest sides, drawn
            at random; None runs GN_DIRECT_L, which divides them all.
    """

    dimension: int
    magic_eps: float
    seed: int | None = None

    def run(self, n_trials: int, evaluate: Callable[[Array, Array], float]) -> None:
        """Run NLopt for `n_trials` evaluations, rounded up to the centre and whole pairs.

        Half a pair at the end would hide where its iteration begins. NLopt makes two evaluations
        where one is allowed.
        """
        if self.seed is not None:
            nlopt.srand(self.seed & SEED_MASK)
        kind = nlopt.GN_DIRECT_L if self.seed is None else nlopt.GN_DIRECT_L_RAND
        opt = nlopt.opt(kind, self.dimension)
        opt.set_lower_bounds([0.0] * self.dimension)
        opt.set_upper_bounds([1.0] * self.dimension)
        opt.set_param("magic_eps", self.magic_eps)
        opt.set_stopval(STOPVAL)
        opt.set_maxeval(n_trials | 1)
        opt.set_min_objective(evaluate)
        opt.optimize([0.5] * self.dimension)


@dataclass(frozen=True, slots=True)
class Iteration:
    """What a run asked for, from the end of the confirmed visits to that of the iteration.

    Attributes:
        start: Index of the first key in the sequence: the number of confirmed visits.
        keys: The points in the order asked, each as the bytes of its float64 coordinates.
    """

    start: int
    keys: list[bytes]


def iteration(algorithm: Algorithm, n_trials: int, known: Known, placeholder: float) -> Iteration:
    """Run to the end of the first iteration with an unknown point, or of the budget.

    Args:
        algorithm: What to run.
        n_trials: The budget.
        known: What is known; every other point is answered by the placeholder.
        placeholder: The value of what is not known.
    """
    run = IterationObjective(known, placeholder, divides_all_sides=algorithm.seed is None)
    algorithm.run(n_trials, run.evaluate)
    start = len(known.confirmed)
    return Iteration(start, run.keys[: min(n_trials, run.end or n_trials) - start])


def ahead(
    algorithm: Algorithm,
    n_trials: int,
    known: Known,
    guess: Callable[[bytes], float],
    taken: Container[bytes],
    n_wanted: int,
) -> list[bytes]:
    """Run on with guessed values until enough points are found that are not taken.

    Args:
        algorithm: What to run.
        n_trials: The budget, where the run ends.
        known: What is known.
        guess: The likely value of a point that is not known.
        taken: Points to leave out.
        n_wanted: How many new points to look for, above 0.

    Returns:
        At most `n_wanted` different points in the order in which the run asked for them.
    """
    run = AheadObjective(known, guess, taken, n_wanted, n_trials)
    algorithm.run(n_trials, run.evaluate)
    return list(run.found)


@dataclass(frozen=True, slots=True)
class Descent:
    """What a local search asks for.

    Attributes:
        keys: The points it is certain to ask for, in their order.
        is_over: Whether it has converged, or its budget has a value for every point.
    """

    keys: list[bytes]
    is_over: bool


def descent(start: bytes, n_trials: int, values: Mapping[bytes, float]) -> Descent:
    """Run LN_BOBYQA from a point of the unit cube to the first point whose place needs a value.

    Its first 2 d + 1 points, the start and a step to either side along every axis, do not depend
    on values: they are certain at once. Each point after them depends on all before it.

    Args:
        start: The bytes of the point to start from; near a face of the cube BOBYQA moves it.
        n_trials: The budget, at least 1.
        values: Known values by the bytes of the point.
    """
    point = np.frombuffer(start)
    run = DescentObjective(values, min(2 * len(point) + 1, n_trials))
    opt = nlopt.opt(nlopt.LN_BOBYQA, len(point))
    opt.set_lower_bounds([0.0] * len(point))
    opt.set_upper_bounds([1.0] * len(point))
    opt.set_initial_step(FIRST_STEP)
    opt.set_xtol_abs(FINEST_STEP)
    opt.set_stopval(STOPVAL)
    opt.set_maxeval(n_trials)
    opt.set_min_objective(run.evaluate)
    # Rounding, or a failure of its own arithmetic, ends a search as convergence does.
    with suppress(nlopt.RoundoffLimited, nlopt.nlopt.runtime_error):
        opt.optimize(point.tolist())
    return Descent(run.keys[:n_trials], run.n_unknown == 0)
