"""Parallel DIRECT-L against NLopt itself, run sequentially: the same points, bit for bit."""

from __future__ import annotations

import hashlib
import math
import random
import struct

import nlopt
import numpy as np
import pytest
from numpy.typing import NDArray

from service.samplers import StudyPlan
from tests.contracts.samplers.behaviour import Objective, Point, Simulation, bowl


def noise(point: Point) -> float:
    """Uniform in [0, 1), a pure function of the point's bytes."""
    digest = hashlib.sha256(struct.pack(f"{len(point)}d", *point)).digest()
    return int.from_bytes(digest[:4], "big") / 2.0**32


def noisy_bowl(point: Point) -> float:
    return bowl(point) + 0.01 * noise(point)


def terraces(point: Point) -> float:
    return round(bowl(point), 1)


def constant(point: Point) -> float:
    return 1.0 + 0.0 * point[0]


def waves(point: Point) -> float:
    return sum(math.sin(13.0 * x) for x in point) - 3.0


def cliffs(point: Point) -> float:
    return 1e9 if noise(point) < 0.3 else bowl(point)


OBJECTIVES: list[tuple[Objective, float | None]] = [
    (bowl, 0.0),
    (noisy_bowl, 0.0),
    (noisy_bowl, None),
    (noise, 0.0),
    (terraces, 0.0),
    (constant, None),
    (waves, None),
    (cliffs, 0.0),
]


def sequential(objective: Objective, dimension: int, n_trials: int, eps: float) -> list[Point]:
    """The points of NLopt's own run; it makes two evaluations where one is allowed."""
    points: list[Point] = []

    def evaluate(x: NDArray[np.float64], _: NDArray[np.float64]) -> float:
        points.append(tuple(x.tolist()))
        return objective(points[-1])

    opt = nlopt.opt(nlopt.GN_DIRECT_L, dimension)
    opt.set_lower_bounds([0.0] * dimension)
    opt.set_upper_bounds([1.0] * dimension)
    opt.set_min_objective(evaluate)
    opt.set_param("magic_eps", eps)
    opt.set_maxeval(n_trials)
    opt.optimize([0.5] * dimension)
    return points[:n_trials]


def check(
    objective: Objective,
    bound: float | None,
    dimension: int,
    n_trials: int,
    *,
    n_workers: int,
    eps: float,
    restart_rate: float = 0.05,
) -> None:
    study = StudyPlan(dimension, n_trials, seed=0, lower_bound=bound, options={"magic_eps": eps})
    simulation = Simulation("direct_l", study, objective, seed=n_workers + 100 * dimension)
    log = simulation.run(n_workers, restart_rate)
    assert [e.point for e in log] == sequential(objective, dimension, n_trials, eps)


@pytest.mark.parametrize("n_workers", [1, 3, 16])
@pytest.mark.parametrize("dimension", range(1, 9))
@pytest.mark.parametrize(("objective", "bound"), OBJECTIVES)
def test_the_sequence_is_nlopts(
    objective: Objective, bound: float | None, dimension: int, n_workers: int
) -> None:
    for n_trials in (2 * dimension, 2 * dimension + 1, 70):
        check(objective, bound, dimension, n_trials, n_workers=n_workers, eps=1e-4)


@pytest.mark.parametrize("eps", [0.0, 1e-2])
@pytest.mark.parametrize("n_trials", [1, 2, 3, 149, 150])
@pytest.mark.parametrize(("objective", "bound"), OBJECTIVES)
def test_any_epsilon_and_budget(
    objective: Objective, bound: float | None, n_trials: int, eps: float
) -> None:
    check(objective, bound, 2, n_trials, n_workers=5, eps=eps)


def test_a_point_asked_for_again_gets_another_trial() -> None:
    points = sequential(noise, 1, 400, 0.0)
    assert len(set(points)) < 400  # it has drilled to the precision of a float
    check(noise, 0.0, 1, 400, n_workers=4, eps=0.0, restart_rate=0.0)


@pytest.mark.parametrize("dimension", [2, 3, 4, 5])
def test_the_budget_may_end_inside_a_pair(dimension: int) -> None:
    # Half a pair tells nothing of where its iteration begins; these runs went wrong by it once.
    for objective in (noisy_bowl, waves):
        check(objective, None, dimension, 2 * dimension + 2, n_workers=5, eps=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("n_trials", [500, 1000])
@pytest.mark.parametrize("dimension", [1, 2, 3, 4, 6, 8, 12])
@pytest.mark.parametrize(("objective", "bound"), OBJECTIVES)
def test_long_runs(
    objective: Objective, bound: float | None, dimension: int, n_trials: int
) -> None:
    chance = random.Random(dimension)
    for eps in (0.0, 1e-4, 1e-2):
        n_workers = chance.randrange(1, 33)
        check(objective, bound, dimension, n_trials, n_workers=n_workers, eps=eps)
