"""The ids of a job's trials in an order, found once for all windows of it.

Windows of a table are asked one after the other, and each would look at all trials of the job
again: no order has an index of its own, since every index costs each trial that is stored. An
order of 100,000 trials takes 1.6 MB (`service.storage.answers` says for how long it holds).
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

Key = float | str
Place = TypeVar("Place")
# As `service.storage.answers` counts, in whose other answers an item has some 100 bytes.
ITEMS_PER_ID = 0.16


@dataclass(frozen=True, slots=True)
class OrderedIds:
    """Ids of trials: first those with a key, by their keys and ids, then the others by their ids.

    Both rise; a falling order is each of them backwards.

    Attributes:
        keys: Of the first ones, rising.
        ids: Of the first ones.
        others: The ids without a key, rising.
    """

    keys: Sequence[Key]
    ids: Sequence[int]
    others: Sequence[int]

    @classmethod
    def of(cls, rows: Iterable[Sequence[Any]]) -> OrderedIds:
        """Take rows of an id and its key, None where it has none, by rising keys and ids.

        Texts may come in any order: databases sort them by rules of their own.
        """
        keys: list[Any] = []
        ids, others = array("q"), array("q")
        for trial_id, key in rows:
            if key is None:
                others.append(trial_id)
            else:
                keys.append(key)
                ids.append(trial_id)
        if keys and isinstance(keys[0], str):
            places = sorted(zip(keys, ids, strict=True))
            return cls([key for key, _ in places], array("q", (i for _, i in places)), others)
        return cls(array("d", keys), ids, others)

    def __len__(self) -> int:
        """Return its size, as `service.storage.answers` counts."""
        return int(ITEMS_PER_ID * (len(self.ids) + len(self.others)))

    def first_part(
        self,
        after: tuple[Key, int] | None,
        until: tuple[Key, int] | None,
        limit: int,
        *,
        is_falling: bool,
    ) -> list[int]:
        """Return the next ids of those with a key, between two places in the order.

        Args:
            after: Key and id of the place before.
            until: Of the last place that is wanted.
            limit: At most so many.
            is_falling: Whether the order falls.
        """
        places = range(len(self.ids))

        def around(place: tuple[Key, int]) -> tuple[int, int]:
            def key(i: int) -> Any:  # noqa: ANN401 - numbers are compared, or texts
                return self.keys[i], self.ids[i]

            return bisect_left(places, place, key=key), bisect_right(places, place, key=key)

        return _between(self.ids, after, until, limit, around, is_falling=is_falling)

    def second_part(
        self, after: int | None, until: int | None, limit: int, *, is_falling: bool
    ) -> list[int]:
        """As `first_part`, of those without a key, between two ids."""

        def around(place: int) -> tuple[int, int]:
            return bisect_left(self.others, place), bisect_right(self.others, place)

        return _between(self.others, after, until, limit, around, is_falling=is_falling)


def _between(
    ids: Sequence[int],
    after: Place | None,
    until: Place | None,
    limit: int,
    around: Callable[[Place], tuple[int, int]],
    *,
    is_falling: bool,
) -> list[int]:
    """Return ids between two places; `around` returns where one begins among them and ends."""
    if is_falling:
        start = 0 if until is None else around(until)[0]
        end = len(ids) if after is None else around(after)[0]
        return list(reversed(ids[max(start, end - limit) : max(end, start)]))
    start = 0 if after is None else around(after)[1]
    end = len(ids) if until is None else around(until)[1]
    return list(ids[start : min(end, start + limit)])
