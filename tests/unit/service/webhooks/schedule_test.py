"""Tries of a message: for about a day, and never at the same moment as everybody's."""

from __future__ import annotations

import pytest

from service.webhooks import schedule


def middle(low: float, high: float) -> float:
    return (low + high) / 2


def test_the_waits_double_and_add_up_to_a_day() -> None:
    waits = [schedule.wait_s(n, middle) for n in range(1, schedule.MOST_ATTEMPTS + 1)]
    assert waits.pop() is None
    assert waits[:4] == [5.0, 10.0, 20.0, 40.0]
    found = [wait for wait in waits if wait is not None]
    assert len(found) == len(waits)
    assert sum(found) == pytest.approx(86_400, rel=0.01)
    assert max(found) == schedule.LONGEST_S


def test_receivers_that_failed_together_are_not_asked_together() -> None:
    waits = {schedule.wait_s(3) for _ in range(50)}
    assert len(waits) > 40
    assert all(wait is not None and 16 <= wait <= 24 for wait in waits)
