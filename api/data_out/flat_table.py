"""A table with flat, typed columns, whose rows are read while they are sent.

Rows come by column: a file of 100,000 rows has millions of cells, and what is done to a column at
once takes a fraction of the time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from sqlalchemy.orm import Session

from api.trial_query import values_of
from service.storage.database import Database
from service.storage.json_columns import Kinds

# Of a column's values, each of which may be None: `time` is an aware time in ISO 8601, `json` any
# JSON value as text, `floats` a list of numbers.
ColumnKind = Literal["int", "float", "bool", "text", "time", "floats", "json"]
# The values of each column in turn, as many of each.
Batch = Sequence[Sequence[Any]]
# What has no column of its own, by name: an object for each row.
More = Sequence[dict[str, Any]]
Found = TypeVar("Found")
After = TypeVar("After")


@dataclass(frozen=True, slots=True)
class FlatColumn:
    """A column: its name, and what its values are."""

    name: str
    kind: ColumnKind


@dataclass(frozen=True, slots=True)
class FlatTable:
    """Columns, and rows in batches, each read when it is asked for."""

    columns: Sequence[FlatColumn]
    batches: Iterator[Batch]


_KINDS: Mapping[str, ColumnKind] = {"number": "float", "text": "text", "boolean": "bool"}
_NONE = type(None)
_TYPES: Mapping[ColumnKind, frozenset[type]] = {
    "float": frozenset({int, float, _NONE}),
    "text": frozenset({str, _NONE}),
    "bool": frozenset({bool, _NONE}),
}
MORE = FlatColumn("more", "json")


def in_batches(
    database: Database, read: Callable[[Session, After | None], tuple[Found, After | None]]
) -> Iterator[Found]:
    """Yield what is read in batches, each in a transaction of its own when it is asked for.

    Args:
        database: Where they are.
        read: Reads a batch after a place, the first one after None, and returns it with the place
            of its end, None after the last one.
    """
    after: After | None = None
    while True:
        with database.read() as session:
            found, after = read(session, after)
        yield found
        if after is None:
            return


class Spread:
    """The single values of JSON objects as columns: `lr`, `den[0]`, `den[1]`.

    What was not there when the table was begun, and what is of another kind than its column, is
    returned apart.

    Args:
        prefix: Of the columns' names.
        kinds: What the objects are known to hold.
        first: Names that come first, in this order; the others follow by name.
    """

    def __init__(self, prefix: str, kinds: Kinds, first: Sequence[str] = ()) -> None:
        self._prefix = prefix
        names = [*(name for name in first if name in kinds), *sorted(kinds.keys() - set(first))]
        self._kinds = {key: kind for name in names for key, kind in _spread(name, kinds[name])}
        self.columns = [FlatColumn(f"{prefix}{key}", kind) for key, kind in self._kinds.items()]

    def cells(self, objects: Sequence[Mapping[str, Any]], more: More) -> Batch:
        """Return the columns of objects; what fits in none of them is added to `more`."""
        if all(type(value) in _SINGLE for found in objects for value in found.values()):
            spread: Sequence[Mapping[str, Any]] = objects
        else:
            spread = [dict(values_of(found)) for found in objects]
        cells = [
            self._column(key, kind, [found.get(key) for found in spread], more)
            for key, kind in self._kinds.items()
        ]
        for name in sorted(set().union(*spread) - self._kinds.keys()):
            self._set_apart(name, [found.get(name, _MISSING) for found in spread], more)
        return cells

    def _column(
        self, key: str, kind: ColumnKind, values: Sequence[Any], more: More
    ) -> Sequence[Any]:
        if kind == "json":
            return json_cells(values)
        fitting = _TYPES[kind]
        if fitting.issuperset(map(type, values)):
            return values
        foreign = [_MISSING if type(value) in fitting else value for value in values]
        self._set_apart(key, foreign, more)
        return [value if type(value) in fitting else None for value in values]

    def _set_apart(self, key: str, values: Sequence[Any], more: More) -> None:
        for value, own in zip(values, more, strict=True):
            if value is not _MISSING:
                own[f"{self._prefix}{key}"] = value


_SINGLE = frozenset({int, float, str, bool, _NONE})
_MISSING = object()


def _spread(name: str, kinds: Mapping[str, int]) -> Iterator[tuple[str, ColumnKind]]:
    """Yield the columns of one name: one for each index of its lists, one for single values."""
    single = [kind for kind in kinds if kind not in {"array", "null"}]
    if single or not kinds.get("array"):
        yield name, _KINDS.get(single[0], "json") if len(single) == 1 else "json"
    for index in range(kinds.get("array", 0)):
        yield f"{name}[{index}]", "float"


def json_cells(values: Sequence[Any]) -> Sequence[str | None]:
    """Return the cells of a column of JSON values, any of which may be None."""
    return [None if value is None else json.dumps(value) for value in values]


def by_row(batch: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Return the rows of a batch, which has the values of each column by its name."""
    return [dict(zip(batch, row, strict=True)) for row in zip(*batch.values(), strict=True)]


def more_of(more: More) -> Sequence[str | None]:
    """Return the cells of the column `more`."""
    return [json.dumps(own) if own else None for own in more]
