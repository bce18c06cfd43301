"""Looks are taken when somebody has written, and in any case once a second."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from service.storage import look_times
from service.storage.database import Database
from service.storage.look_times import LookTimes


class Hands:
    """A clock and a database whose marks are set by hand."""

    def __init__(self, mark: tuple[int, ...] | None) -> None:
        self.now_s, self.mark = 100.0, mark

    def written_at(self) -> tuple[int, ...] | None:
        return self.mark

    def count(self, times: LookTimes, for_s: float, step_s: float = 0.01) -> int:
        """Return how many looks are due in a time."""
        found = 0
        for _ in range(round(for_s / step_s)):
            self.now_s += step_s
            found += times.is_due()
        return found


def hands(monkeypatch: pytest.MonkeyPatch, mark: tuple[int, ...] | None) -> Hands:
    made = Hands(mark)
    monkeypatch.setattr(look_times, "time", SimpleNamespace(monotonic=lambda: made.now_s))
    return made


def test_a_write_makes_a_look_due_and_silence_one_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = hands(monkeypatch, (1,))
    times = LookTimes(cast("Database", one), 0.1)
    assert times.is_due()
    assert one.count(times, 10.0) == pytest.approx(10, abs=1)
    one.mark = (2,)
    assert one.count(times, 0.1) == 1
    one.mark = (3,)
    assert one.count(times, 0.05) == 0  # not more often than is asked for
    assert one.count(times, 0.06) == 1


def test_without_marks_looks_become_rare_until_there_are_news(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = hands(monkeypatch, None)
    times = LookTimes(cast("Database", one), 0.1)
    assert one.count(times, 1.0) == pytest.approx(10, abs=1)
    one.now_s += 60.0
    assert one.count(times, 10.0) == pytest.approx(20, abs=1)
    times.note_news()
    assert one.count(times, 1.0) == pytest.approx(10, abs=1)


@pytest.mark.parametrize("mark", [None, (1,)], ids=["PostgreSQL", "SQLite"])
def test_one_who_looks_seldom_is_not_hurried(
    monkeypatch: pytest.MonkeyPatch, mark: tuple[int, ...] | None
) -> None:
    one = hands(monkeypatch, mark)
    times = LookTimes(cast("Database", one), 5.0, 5.0)
    assert one.count(times, 50.0) == pytest.approx(10, abs=1)
