"""Kept answers: made once for all that ask meanwhile."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for

import pytest

from api.etags import KeptAnswers, Made
from service.errors import DeadlineError
from service.storage import deadlines

PATIENCE_S = 30.0
Asked = Future[tuple[Made, float]]


class Slow:
    """Makes an answer once it may; counts how often it was asked to. The first time may fail."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault
        self.n_made, self.began, self.may_end = 0, threading.Event(), threading.Event()

    def __call__(self) -> Made:
        self.n_made += 1
        self.began.set()
        assert self.may_end.wait(PATIENCE_S)
        fault, self.fault = self.fault, None
        if fault is not None:
            raise fault
        return Made(b"%d" % self.n_made)


def all_ask(kept: KeptAnswers, slow: Slow, n_more: int) -> list[Asked]:
    """Let one request begin and others come before it ends."""
    with ThreadPoolExecutor(n_more + 1) as pool:
        asked = [pool.submit(kept.answer, "a", slow)]
        assert slow.began.wait(PATIENCE_S)
        asked += [pool.submit(kept.answer, "a", slow) for _ in range(n_more)]
        _, open_ = wait_for(asked, timeout=0.1)
        assert len(open_) == len(asked)
        slow.may_end.set()
    return asked


def test_an_answer_is_made_once_for_all_that_ask_meanwhile() -> None:
    kept, slow = KeptAnswers(), Slow()
    asked = all_ask(kept, slow, 8)
    assert [one.result() for one in asked] == 9 * [(Made(b"1"), 0.0)]
    assert kept.answer("a", slow) == (Made(b"1"), 0.0)
    assert slow.n_made == 1


def test_who_waited_for_one_that_fails_makes_it() -> None:
    kept, slow = KeptAnswers(), Slow(ValueError("it fails"))
    first, second = all_ask(kept, slow, 1)
    assert isinstance(first.exception(), ValueError)
    assert second.result() == (Made(b"2"), 0.0)


def test_waiting_ends_with_the_deadline() -> None:
    kept, slow = KeptAnswers(), Slow()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(kept.answer, "a", slow)
        assert slow.began.wait(PATIENCE_S)
        with deadlines.within(0.01), pytest.raises(DeadlineError):
            kept.answer("a", slow)
        slow.may_end.set()
    assert first.result() == (Made(b"1"), 0.0)


def test_another_answer_does_not_wait() -> None:
    kept, slow = KeptAnswers(), Slow()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(kept.answer, "a", slow)
        assert slow.began.wait(PATIENCE_S)
        assert kept.answer("b", lambda: Made(b"b")) == (Made(b"b"), 0.0)
        slow.may_end.set()
    assert first.result() == (Made(b"1"), 0.0)
