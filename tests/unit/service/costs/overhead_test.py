"""What a trial takes besides its training, by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from service.costs.figures import Interval
from service.costs.overhead import LEAST_SPANS, UNKNOWN, overhead_of
from service.storage.attempt_spans import AttemptSpan

START = datetime(2026, 1, 1, tzinfo=UTC)


def span(at_s: float, took_s: float, training_s: float, worker: str = "w1") -> AttemptSpan:
    start = START + timedelta(seconds=at_s)
    return AttemptSpan(worker, start, start + timedelta(seconds=took_s), training_s)


def test_it_is_what_is_left_of_the_time_after_the_training() -> None:
    spans = [span(10.0 * n, 3.0 + 0.1 * n, 3.0) for n in range(LEAST_SPANS + 1)]
    found = overhead_of(spans)
    assert (found.low, found.expected, found.high) == pytest.approx((0.5, 1.0, 1.5))


def test_the_candidates_of_a_pack_share_their_worker() -> None:
    # Four candidates, 2 s of training each, 10 s in all: half a second for each.
    packs = [span(20.0 * n, 10.0, 2.0, f"w{n}") for n in range(LEAST_SPANS) for _ in range(4)]
    found = overhead_of(packs)
    assert (found.low, found.high) == pytest.approx((0.5, 0.5))


def test_clocks_that_differ_make_no_time_below_zero() -> None:
    assert overhead_of([span(9.0 * n, 1.0, 2.0) for n in range(50)]) == Interval(0.0, 0.0, 0.0)


def test_of_few_attempts_nothing_is_concluded() -> None:
    assert overhead_of([span(9.0 * n, 60.0, 1.0) for n in range(LEAST_SPANS - 1)]) == UNKNOWN
