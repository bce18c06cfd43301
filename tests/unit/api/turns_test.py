"""Turns: few at a time, few that wait, and the others are refused without waiting."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from api.problems.handlers import ProblemError
from api.turns import MOST_WAITING, Turns

LONG_S = 60.0


def turns() -> Turns:
    return Turns(1, "pdf-failed", "others are being made")


def test_those_that_find_too_many_waiting_are_refused_at_once_and_the_others_served() -> None:
    own, may_end = turns(), threading.Event()

    def serve() -> bool:
        try:
            with own.taken(LONG_S):
                assert may_end.wait(LONG_S)
                return True
        except ProblemError:
            may_end.set()  # only once one was refused may the first end
            return False

    with ThreadPoolExecutor(MOST_WAITING + 2) as pool:
        served = list(pool.map(lambda _: serve(), range(MOST_WAITING + 2)))
    assert sorted(served) == [False, *[True] * (MOST_WAITING + 1)]


def test_one_that_waited_in_vain_leaves_its_place() -> None:
    own = turns()
    with own.taken(LONG_S):
        for _ in range(MOST_WAITING + 1):
            with pytest.raises(ProblemError, match="others are being made"), own.taken(0.0):
                raise AssertionError
    with own.taken(0.0):
        pass


def test_a_turn_ends_with_its_block_however_that_ends() -> None:
    own = turns()
    for _ in range(MOST_WAITING + 2):
        with pytest.raises(ZeroDivisionError), own.taken(0.0):
            raise ZeroDivisionError
