"""The time left is estimated from the pace of the last trials."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from service.progress import PACE_TRIALS, eta_s

START = datetime(2026, 1, 1, tzinfo=UTC)


def _after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_nothing_is_known_before_the_first_end() -> None:
    assert eta_s(5, [], START, _after(10)) is None
    assert eta_s(5, [_after(1)], None, _after(10)) is None


def test_a_steady_pace_goes_on() -> None:
    ends = [_after(2.0 * (i + 1)) for i in range(10)]
    assert eta_s(7, ends, START, _after(20)) == pytest.approx(14.0)


def test_a_slow_start_is_forgotten() -> None:
    ends = [_after(1000 + i) for i in range(PACE_TRIALS)]
    assert eta_s(10, ends, START, max(ends)) == pytest.approx(10.0)


def test_a_stall_is_noticed() -> None:
    ends = [_after(i) for i in range(PACE_TRIALS)]
    left = eta_s(10, ends, START, _after(500))
    assert left is not None
    assert left > 200


def test_nothing_left_takes_no_time() -> None:
    assert eta_s(0, [_after(1)], START, _after(1)) == 0.0
