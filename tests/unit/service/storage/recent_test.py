"""One short read serves the requests of a moment, and none of them misses what it must see."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from sqlalchemy.orm import Session

from service.storage.recent import OLDEST_S, Opening, RecentReads, once


def test_a_transaction_that_opens_soon_after_takes_what_was_read() -> None:
    reads, numbers = RecentReads(), count()
    first = reads.get("a", reads.opening(), lambda: next(numbers))
    soon = reads.opening()
    assert reads.get("a", soon, lambda: next(numbers)) == first
    assert reads.get("b", soon, lambda: next(numbers)) != first


def test_a_transaction_that_was_open_before_reads_what_fits_its_own_state() -> None:
    reads, numbers = RecentReads(), count()
    before = reads.opening()
    first = reads.get("a", reads.opening(), lambda: next(numbers))
    assert reads.get("a", before, lambda: next(numbers)) != first


def test_nothing_is_older_than_the_limit() -> None:
    reads, numbers = RecentReads(), count()
    first = reads.get("a", reads.opening(), lambda: next(numbers))
    now = reads.opening()
    assert reads.get("a", replace(now, at_s=now.at_s + OLDEST_S / 2), lambda: 9) == first
    assert reads.get("a", replace(now, at_s=now.at_s + OLDEST_S + 1), lambda: 9) == 9


def test_a_change_has_everything_read_again_even_what_was_being_read() -> None:
    reads = RecentReads()
    assert reads.get("a", reads.opening(), lambda: "old") == "old"
    reads.forget()
    assert reads.get("a", reads.opening(), lambda: "new") == "new"
    reads.forget()

    def read_while_it_changes() -> str:
        reads.forget()
        return "outdated"

    assert reads.get("a", reads.opening(), read_while_it_changes) == "outdated"
    assert reads.get("a", reads.opening(), lambda: "newest") == "newest"


def test_a_read_that_fails_is_not_kept_and_many_do_not_pile_up() -> None:
    reads = RecentReads()
    with pytest.raises(ZeroDivisionError):
        reads.get("a", reads.opening(), lambda: 1 / 0)
    assert reads.get("a", reads.opening(), lambda: 1) == 1
    for key in range(5_000):
        reads.get(key, reads.opening(), lambda: 1)
    assert len(reads) <= 1_000


def test_a_transaction_reads_once_and_another_one_again() -> None:
    numbers = count()
    first, second, writer = (Session(info=info) for info in (opened(), opened(), {}))
    assert [once(first, "a", lambda: next(numbers)) for _ in range(2)] == [0, 0]
    assert once(first, "b", lambda: next(numbers)) == 1
    assert once(second, "a", lambda: next(numbers)) == 2
    assert [once(writer, "a", lambda: next(numbers)) for _ in range(2)] == [3, 4]


def opened() -> dict[Any, Any]:
    return {Opening: RecentReads().opening()}
