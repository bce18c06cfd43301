"""A log, indexed by point and by number: the table of values for replays of NLopt."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence

from densearch.sampler import Entry

# Values are limited to this: it keeps them above NLopt's stopval.
LARGEST_VALUE = 1e300


def held_value(value: float, failed_value: float, sign: float = 1.0) -> float:
    """Return what a search works with: finite, minimised, within +-`LARGEST_VALUE`.

    Args:
        value: Of an evaluation; a whole number may be beyond all floats.
        failed_value: What is returned where the value is not finite.
        sign: -1 of what is maximised.

    Raises:
        TypeError: It is no number.
    """
    try:
        if not math.isfinite(value):
            return failed_value
    except OverflowError:
        value = LARGEST_VALUE if value > 0 else -LARGEST_VALUE
    return min(max(sign * float(value), -LARGEST_VALUE), LARGEST_VALUE)


class Ledger:
    """A log that only grows, indexed by the bytes of its points and by its numbers.

    Attributes:
        trials: A point -> indices of its trials in the log, in the order of issue.
        values: A point -> the value of its first trial, within +-`LARGEST_VALUE`: the one that
            counts wherever the sequence asks for the point.
        lowest: The least of the values; `LARGEST_VALUE` while there is none.
        highest: The largest of the values, at least 0.
        told: Points of the numbers 0, 1, ..., as far as all of them have ended.
    """

    def __init__(self, dimension: int) -> None:
        self.trials: dict[bytes, list[int]] = {}
        self.values: dict[bytes, float] = {}
        self.lowest, self.highest = LARGEST_VALUE, 0.0
        self.told: list[bytes] = []
        self._struct = struct.Struct(f"={dimension}d")
        self._keys: list[bytes] = []  # of the log's entries
        self._open: set[int] = set()
        self._unnumbered: set[int] = set()
        self._extra: set[int] = set()  # speculative and without a number
        self._by_number: dict[int, int] = {}

    def key(self, point: Sequence[float]) -> bytes:
        """Return the bytes of a point."""
        return self._struct.pack(*point)

    def point(self, key: bytes) -> tuple[float, ...]:
        """Return the point of some bytes."""
        return self._struct.unpack(key)

    @property
    def n_extra(self) -> int:
        """Speculative trials without a number, ended or not."""
        return len(self._extra)

    def read(self, log: Sequence[Entry]) -> bool:
        """Read the new part of the log; return whether a value has arrived."""
        for index in range(len(self._keys), len(log)):
            self._add(index, log[index])
        for index in [i for i in self._unnumbered if log[i].number is not None]:
            self._place(index, log[index].number)
        ended = [i for i in self._open if log[i].value is not None]
        for index in ended:
            self._end(index, log[index].value)
        self.told.extend(self._newly_told({}))
        return bool(ended)

    def told_with(self, numbered: Mapping[int, int]) -> list[bytes]:
        """Return `told` as it will be once these trials (index -> number) have their numbers."""
        return self.told + self._newly_told({n: index for index, n in numbered.items()})

    def key_of(self, number: int) -> bytes | None:
        """Return the point that has a number, if one has."""
        index = self._by_number.get(number)
        return None if index is None else self._keys[index]

    def ended(self, number: int) -> bytes | None:
        """Return the point that has a number, if its trial has ended."""
        index = self._by_number.get(number)
        return None if index is None or index in self._open else self._keys[index]

    def is_placed(self, number: int) -> bool:
        """Whether a trial has this number."""
        return number in self._by_number

    def trial_of(self, key: bytes, turn: int, *, is_placed: bool) -> int | None:
        """Return the index of the trial for the `turn`-th visit (from 0) to a point.

        Args:
            key: The point.
            turn: How many visits to it came before.
            is_placed: Whether to accept a trial that has a number.
        """
        trials = self.trials.get(key, [])[turn:]
        return next((i for i in trials if is_placed or i in self._unnumbered), None)

    def _add(self, index: int, entry: Entry) -> None:
        key = self.key(entry.point)
        self._keys.append(key)
        self.trials.setdefault(key, []).append(index)
        self._open.add(index)
        self._unnumbered.add(index)
        if entry.is_speculative:
            self._extra.add(index)

    def _place(self, index: int, number: int | None) -> None:
        if number is not None:
            self._by_number[number] = index
            self._unnumbered.discard(index)
            self._extra.discard(index)

    def _end(self, index: int, value: float | None) -> None:
        key = self._keys[index]
        self._open.discard(index)
        if value is not None and self.trials[key][0] == index:
            held = min(max(value, -LARGEST_VALUE), LARGEST_VALUE)
            self.values[key] = held
            self.lowest, self.highest = min(self.lowest, held), max(self.highest, held)

    def _newly_told(self, given: Mapping[int, int]) -> list[bytes]:
        found: list[bytes] = []
        number = len(self.told)
        while (index := self._by_number.get(number, given.get(number))) is not None:
            if index in self._open:
                break
            found.append(self._keys[index])
            number += 1
        return found
