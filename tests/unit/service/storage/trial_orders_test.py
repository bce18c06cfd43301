"""Windows of an order are slices of the sorted list, whichever place they begin and end at."""

from __future__ import annotations

import itertools

import pytest

from service.storage.trial_orders import OrderedIds

ROWS = [(3, 0.5), (9, 0.5), (1, 2.0), (4, None), (2, 7.0), (8, None)]
FIRST = [(0.5, 3), (0.5, 9), (2.0, 1), (7.0, 2)]
# Of trials, between them, and outside.
PLACES = [None, (0.0, 1), (0.5, 3), (0.5, 5), (0.5, 9), (3.0, 0), (7.0, 2), (9.0, 0)]


def beyond(place: tuple[float, int], other: tuple[float, int], *, is_falling: bool) -> bool:
    return place < other if is_falling else place > other


@pytest.mark.parametrize("is_falling", [False, True])
def test_a_window_is_what_lies_between_its_places(is_falling: bool) -> None:
    found = OrderedIds.of(ROWS)
    for after, until, limit in itertools.product(PLACES, PLACES, (1, 3, 9)):
        wanted = [
            place[1]
            for place in sorted(FIRST, reverse=is_falling)
            if (after is None or beyond(place, after, is_falling=is_falling))
            and not (until is not None and beyond(place, until, is_falling=is_falling))
        ]
        ids = found.first_part(after, until, limit, is_falling=is_falling)
        assert ids == wanted[:limit], (after, until, limit)


def test_those_without_a_key_are_in_the_order_of_their_ids() -> None:
    found = OrderedIds.of(ROWS)
    assert found.second_part(None, None, 9, is_falling=False) == [4, 8]
    assert found.second_part(4, None, 9, is_falling=False) == [8]
    assert found.second_part(None, 5, 9, is_falling=True) == [8]
    assert found.second_part(8, None, 1, is_falling=True) == [4]


def test_texts_are_sorted_here_and_not_by_a_database() -> None:
    found = OrderedIds.of([(1, "b"), (2, "A"), (3, "_"), (4, "A")])
    assert found.first_part(None, None, 9, is_falling=False) == [2, 4, 3, 1]
    assert found.first_part(("A", 2), ("_", 3), 9, is_falling=False) == [4, 3]
