"""When the boxes around the best are narrower than the noise."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from service import noise
from service.records import Trial
from service.states import Phase, TrialState

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


def test_a_best_whose_neighbours_are_alike_is_enough() -> None:
    found = trials(CROSS, [1.0, 1.05, 1.09, 1.02, 1.1])
    assert noise.stop_of(found, 0.2) == 5
    assert noise.stop_of(found, 0.09) is None


def test_it_stops_at_the_first_trial_that_tells_enough() -> None:
    nearer = [(0.4, 0.5), (0.6, 0.5)]
    found = trials([*CROSS, *nearer], [1.0, 1.5, 1.5, 1.02, 1.03, 1.01, 1.02])
    # The far neighbours of the first axis differ, the nearer ones do not.
    assert noise.stop_of(found[:5], 0.1) is None
    assert noise.stop_of(found[:6], 0.1) is None
    assert noise.stop_of(found, 0.1) == 7
    assert noise.stop_of(found, 0.1, n_known=6) == 7


def test_a_best_without_neighbours_on_both_sides_of_every_axis_goes_on() -> None:
    found = trials(CROSS[:4], [1.0, 1.0, 1.0, 1.0])
    assert noise.stop_of(found, 10.0) is None
    # A better point that shares no line with the others begins anew.
    moved = trials([*CROSS, (0.61, 0.61)], [1.0, 1.05, 1.09, 1.02, 1.1, 0.9])
    assert noise.stop_of(moved, 0.01) is None
    assert noise.stop_of([], 1.0) is None
