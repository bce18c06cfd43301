"""When the boxes around the best are narrower than the noise."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from service.records import Trial
from service.states import Phase, TrialState
from service.studies import noise

Array = NDArray[np.float64]
CROSS = [(0.5, 0.5), (0.3, 0.5), (0.7, 0.5), (0.5, 0.3), (0.5, 0.7)]


def trials(points: Sequence[tuple[float, ...]], values: Sequence[float]) -> list[Trial]:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return [
        Trial(
            id=i, job_id=1, study_id=1, phase=Phase.SEARCH, number=i, state=TrialState.COMPLETED,
            certainty="certain", point=list(point), params={}, digest="", payload={}, seed=0,
            value=value, is_diverged=False, metrics=None, curve=None, learned=None,
            training_s=None, cached_from=None, n_attempts=1, error=None, queued_at=now,
            started_at=now, finished_at=now,
        )
        for i, (point, value) in enumerate(zip(points, values, strict=True))
    ]  # fmt: skip


def stop_of(found: Sequence[Trial], limit: float) -> int | None:
    surroundings = noise.Surroundings(limit)
    return next((surroundings.n for trial in found if surroundings.add(trial)), None)


def is_flat(points: Array, values: Array, limit: float) -> bool:
    """The rule, looked up from the start: all of the trials at once."""
    best = int(np.argmin(values))
    offsets = points - points[best]
    is_moved = np.abs(offsets) > noise.SAME
    n_moved = is_moved.sum(axis=1)
    for axis in range(points.shape[1]):
        is_neighbour = (n_moved == 1) & is_moved[:, axis]
        for side in (offsets[:, axis] < 0, offsets[:, axis] > 0):
            found = np.flatnonzero(is_neighbour & side)
            if not len(found):
                return False
            nearest = found[np.argmin(np.abs(offsets[found, axis]))]
            if values[nearest] - values[best] > limit:
                return False
    return True


def test_a_best_whose_neighbours_are_alike_is_enough() -> None:
    found = trials(CROSS, [1.0, 1.05, 1.09, 1.02, 1.1])
    assert stop_of(found, 0.2) == 5
    assert stop_of(found, 0.09) is None


def test_it_stops_at_the_first_trial_that_tells_enough() -> None:
    nearer = [(0.4, 0.5), (0.6, 0.5)]
    found = trials([*CROSS, *nearer], [1.0, 1.5, 1.5, 1.02, 1.03, 1.01, 1.02])
    # The far neighbours of the first axis differ, the nearer ones do not.
    assert stop_of(found[:5], 0.1) is None
    assert stop_of(found[:6], 0.1) is None
    assert stop_of(found, 0.1) == 7


def test_a_best_without_neighbours_on_both_sides_of_every_axis_goes_on() -> None:
    found = trials(CROSS[:4], [1.0, 1.0, 1.0, 1.0])
    assert stop_of(found, 10.0) is None
    # After a better point that shares no line with the others it goes on.
    moved = trials([*CROSS, (0.61, 0.61)], [1.0, 1.05, 1.09, 1.02, 1.1, 0.9])
    assert stop_of(moved, 0.01) is None
    assert stop_of([], 1.0) is None


def test_one_by_one_says_what_all_at_once_says() -> None:
    chance = random.Random(7)
    n_flat = 0
    for _ in range(20):
        n_dims = chance.choice([1, 2, 3])
        # Few coordinates and few values: neighbours at equal distances, equal bests.
        points = [tuple(chance.choice([0.1, 0.4, 0.7]) for _ in range(n_dims)) for _ in range(60)]
        # Mostly best in the middle, where there are neighbours on all sides.
        values = [chance.randrange(30) + 9 * sum(x != 0.4 for x in p) for p in points]
        surroundings = noise.Surroundings(30.0)
        said = [surroundings.add(trial) for trial in trials(points, values)]
        every, told = np.array(points), np.array(values)
        expected = [
            n > 2 * n_dims and is_flat(every[:n], told[:n], 30.0)
            for n in range(1, len(points) + 1)
        ]
        assert said == expected
        n_flat += sum(said)
    assert 100 < n_flat < 1100  # both answers are common


def test_a_trial_that_gave_no_value_is_the_best_of_none() -> None:
    found = trials(CROSS, [1.0, 1.0, 1.0, 1.0, 1.0])
    failed = replace(found[4], state=TrialState.FAILED, value=None)
    assert stop_of([*found[:4], failed], 1e9) is None
