"""A table with flat, typed columns, whose rows are read while they are sent."""

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
Row = list[Any]
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
    batches: Iterator[Sequence[Row]]


_KINDS: Mapping[str, ColumnKind] = {"number": "float", "text": "text", "boolean": "bool"}
_TYPES: Mapping[ColumnKind, tuple[type, ...]] = {
    "float": (int, float),
    "text": (str,),
    "bool": (bool,),
}
MORE = FlatColumn("more", "json")


def in_batches(
    database: Database,
    read: Callable[[Session, After | None], Sequence[Found]],
    most: int,
    place_of: Callable[[Found], After],
) -> Iterator[Sequence[Found]]:
    """Yield what is read in batches, each in a transaction of its own when it is asked for.

    Args:
        database: Where they are.
        read: Reads a batch after a place, the first one after None.
        most: Of a batch; a smaller one is the last.
        place_of: Returns the place of an item.
    """
    after: After | None = None
    while True:
        with database.read() as session:
            found = read(session, after)
        yield found
        if len(found) < most:
            return
        after = place_of(found[-1])


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

    def cells(self, values: Mapping[str, Any], more: dict[str, Any]) -> Iterator[Any]:
        """Yield the cells of an object; what fits in none of them is added to `more`."""
        found = dict(values_of(values))
        for key, kind in self._kinds.items():
            value = found.pop(key, None)
            if kind == "json" and value is not None:
                yield json.dumps(value)
            elif value is None or _fits(value, kind):
                yield value
            else:
                more[f"{self._prefix}{key}"] = value
                yield None
        if found:
            more |= {f"{self._prefix}{key}": value for key, value in found.items()}


def _spread(name: str, kinds: Mapping[str, int]) -> Iterator[tuple[str, ColumnKind]]:
    """Yield the columns of one name: one for each index of its lists, one for single values."""
    single = [kind for kind in kinds if kind not in {"array", "null"}]
    if single or not kinds.get("array"):
        yield name, _KINDS.get(single[0], "json") if len(single) == 1 else "json"
    for index in range(kinds.get("array", 0)):
        yield f"{name}[{index}]", "float"


def _fits(value: object, kind: ColumnKind) -> bool:
    is_truth = isinstance(value, bool)
    return isinstance(value, _TYPES[kind]) and is_truth == (kind == "bool")


def more_of(more: Mapping[str, Any]) -> str | None:
    """Return the cell of the column `more`."""
    return json.dumps(more) if more else None
