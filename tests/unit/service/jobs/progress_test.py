"""The time left is estimated from what the last trainings took."""

from __future__ import annotations

import pytest

from service.jobs.progress import eta_s


def test_nothing_is_known_before_the_first_training() -> None:
    assert eta_s(5, [], 2) is None


def test_what_is_left_is_shared_by_what_runs_at_once() -> None:
    assert eta_s(12, [4.0, 6.0], 2) == pytest.approx(30.0)
    assert eta_s(12, [4.0, 6.0], 4) == pytest.approx(15.0)


def test_between_two_rounds_one_runs_at_least() -> None:
    assert eta_s(3, [2.0], 0) == pytest.approx(6.0)


def test_nothing_left_takes_no_time() -> None:
    assert eta_s(0, [1.0], 1) == 0.0
