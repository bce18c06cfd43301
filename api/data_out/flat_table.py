"""A table with flat, typed columns, whose rows are read while they are sent.

Rows come by column: a file of 100,000 rows has millions of cells, and what is done to a column at
once takes a fraction of the time.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any, Literal, TypeVar

from sqlalchemy.orm import Session

from service.storage.database import Database
from service.storage.json_columns import Kinds

# Of a column's values, each of which may be None: `time` is an aware time in ISO 8601, `json` any
# JSON value as text, `floats` a list of numbers as JSON.
ColumnKind = Literal["int", "float", "bool", "text", "time", "floats", "json"]
# The values of each column in turn, as many of each.
Batch = Sequence[Sequence[Any]]
# What has no column of its own, by name, for the rows that have such values, by their index.
More = defaultdict[int, dict[str, Any]]
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
        found, none = dict(_by_key(objects)), [_MISSING] * len(objects)
        cells = [
            self._column(key, kind, found.get(key, none), more)
            for key, kind in self._kinds.items()
        ]
        for name in sorted(found.keys() - self._kinds.keys()):
            self._set_apart(name, found[name], more)
        return cells

    def _column(
        self, key: str, kind: ColumnKind, values: Sequence[Any], more: More
    ) -> Sequence[Any]:
        if kind == "json":
            return json_cells([None if value is _MISSING else value for value in values])
        fitting, types = _TYPES[kind], set(map(type, values))
        if types <= fitting:
            return values
        if types - fitting != {object}:  # _MISSING's
            foreign = [_MISSING if type(value) in fitting else value for value in values]
            self._set_apart(key, foreign, more)
        return [value if type(value) in fitting else None for value in values]

    def _set_apart(self, key: str, values: Sequence[Any], more: More) -> None:
        for row, value in enumerate(values):
            if value is not _MISSING:
                more[row][f"{self._prefix}{key}"] = value


_MISSING = object()


def _by_key(objects: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Sequence[Any]]]:
    """Yield the values of all objects for each key of `_spread`, `_MISSING` where one has none."""
    for name in dict.fromkeys(chain.from_iterable(objects)):
        values = [found.get(name, _MISSING) for found in objects]
        if list in set(map(type, values)):
            lists = [value if type(value) is list else () for value in values]
            for index, column in enumerate(zip_longest(*lists, fillvalue=_MISSING)):
                yield f"{name}[{index}]", column
            values = [_MISSING if type(value) is list else value for value in values]
        yield name, values


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


def more_of(more: More, n_rows: int) -> Sequence[str | None]:
    """Return the cells of the column `more`."""
    return [json.dumps(more[row]) if row in more else None for row in range(n_rows)]
