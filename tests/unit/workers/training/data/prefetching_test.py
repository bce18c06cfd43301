"""Reading ahead changes nothing but the waiting."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from workers.training.data.prefetching import prefetched


@pytest.mark.parametrize("n", [0, 1, 2, 50])
def test_the_same_items_come_in_the_same_order(n: int) -> None:
    assert list(prefetched(iter(range(n)))) == list(range(n))


def test_items_are_made_by_another_thread_before_they_are_asked_for() -> None:
    makers: list[str] = []
    third = threading.Event()

    def made() -> Iterator[int]:
        for number in range(5):
            makers.append(threading.current_thread().name)
            if number == 2:
                third.set()
            yield number

    items = prefetched(made())
    assert next(items) == 0
    assert third.wait(timeout=30)
    assert list(items) == [1, 2, 3, 4]
    assert all(name.startswith("prefetch") for name in makers)


def test_an_error_comes_in_its_place() -> None:
    def made() -> Iterator[int]:
        yield 1
        raise OSError("the disk is gone")

    items = prefetched(made())
    assert next(items) == 1
    with pytest.raises(OSError, match="the disk is gone"):
        next(items)


def test_no_thread_is_left_by_who_stops_early() -> None:
    before = threading.active_count()
    items = prefetched(iter(range(1000)))
    assert next(items) == 0
    assert threading.active_count() == before + 1
    items.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
