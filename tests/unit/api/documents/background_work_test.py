"""Work outlives those that wait for it, and is done once for all of them."""

from __future__ import annotations

import threading

import pytest

from api.documents.background_work import BackgroundWork, TooMuchWorkError

PATIENCE_S = 30.0


class Piece:
    """A piece of work that waits until it may end; counts how often it was begun."""

    def __init__(self) -> None:
        self.n, self.may_end = 0, threading.Event()

    def __call__(self) -> int:
        self.n += 1
        assert self.may_end.wait(PATIENCE_S)
        return self.n


def test_who_asks_meanwhile_has_the_same_result_and_who_asks_later_a_new_one() -> None:
    work, piece = BackgroundWork[int](most=2), Piece()
    first, second = (work.ask("a", piece) for _ in range(2))
    with pytest.raises(TimeoutError):
        first.result(0.01)
    piece.may_end.set()
    assert (first.result(PATIENCE_S), second.result(PATIENCE_S)) == (1, 1)
    assert work.ask("a", piece).result(PATIENCE_S) == 2


def test_pieces_take_turns_and_there_are_not_too_many() -> None:
    work, one, other = BackgroundWork[int](most=2), Piece(), Piece()
    first, second = work.ask("a", one), work.ask("b", other)
    with pytest.raises(TooMuchWorkError):
        work.ask("c", Piece())
    other.may_end.set()
    with pytest.raises(TimeoutError):
        second.result(0.01)
    one.may_end.set()
    assert (first.result(PATIENCE_S), second.result(PATIENCE_S)) == (1, 1)


def test_a_piece_that_fails_says_why_and_lets_others_work() -> None:
    work, piece = BackgroundWork[float](most=1), Piece()
    with pytest.raises(ZeroDivisionError):
        work.ask("a", lambda: 1 / 0).result(PATIENCE_S)
    piece.may_end.set()
    assert work.ask("a", piece).result(PATIENCE_S) == 1


def test_a_piece_for_which_there_is_no_thread_is_begun_by_the_next_ask(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    work = BackgroundWork[int](most=1)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refused)
        with pytest.raises(RuntimeError, match="new thread"):
            work.ask("a", lambda: 7).result(PATIENCE_S)
    assert work.ask("a", lambda: 7).result(PATIENCE_S) == 7
