"""A search of `densearch.direct_l.parallel` as plain JSON: what is written, what is refused."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from densearch.direct_l.box import Bounds, Point

ItemT = TypeVar("ItemT")

FORMAT = "densearch.ParallelDirectL"
VERSION = 1


class SavedSearchError(ValueError):
    """A saved search cannot be loaded.

    Attributes:
        field: The field that is wrong, such as ``trials[3].value``; "" where there is no object.
    """

    def __init__(self, field: str, reason: str) -> None:
        self.field = field
        super().__init__(f"{field}: {reason}" if field else reason)


@dataclass(frozen=True, slots=True)
class SavedTrial:
    """A point that was asked for.

    Attributes:
        point: In the unit cube, whatever the bounds are: exact, shape (dimension,).
        value: Finite; None while it has not been told.
    """

    point: Point
    value: float | None


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """All that a search is a function of: its arguments, and its trials in the order asked."""

    dimension: int
    n_trials: int
    magic_eps: float
    lower_bound: float | None
    bounds: Bounds
    failed_value: float
    trials: tuple[SavedTrial, ...]

    def to_dict(self) -> dict[str, object]:
        """Return plain values that JSON carries without loss."""
        own: dict[str, object] = {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if field.name not in {"bounds", "trials"}
        }
        return {
            "format": FORMAT,
            "version": VERSION,
            **own,
            "bounds": [list(pair) for pair in self.bounds],
            "trials": [{"point": list(t.point), "value": t.value} for t in self.trials],
        }

    @classmethod
    def read(cls, saved: Mapping[str, object] | str | bytes) -> SavedSearch:
        """Read what `to_dict` gave, or the same as JSON text.

        Raises:
            SavedSearchError: A field is missing, unknown, or of another type or shape.
        """
        given = _object("", _parsed(saved))
        _require_format(given)
        _require_names("", given, {"format", "version", *(field.name for field in fields(cls))})
        dimension = _whole("dimension", given["dimension"])
        bounds = _items("bounds", given["bounds"], _pair)
        trials = _items("trials", given["trials"], lambda at, one: _trial(at, one, dimension))
        lower_bound = given["lower_bound"]
        return cls(
            dimension=dimension,
            n_trials=_whole("n_trials", given["n_trials"]),
            magic_eps=_number("magic_eps", given["magic_eps"]),
            lower_bound=None if lower_bound is None else _number("lower_bound", lower_bound),
            bounds=tuple(bounds),
            failed_value=_number("failed_value", given["failed_value"]),
            trials=tuple(trials),
        )


def _parsed(saved: Mapping[str, object] | str | bytes) -> object:
    if not isinstance(saved, str | bytes):
        return saved
    try:
        return json.loads(saved)
    except (ValueError, RecursionError) as error:
        raise SavedSearchError("", f"it is no JSON document: {error}") from error


def _require_format(given: Mapping[str, Any]) -> None:
    """Refuse what another program, or a later version, has written, before its fields."""
    for name, wanted in (("format", FORMAT), ("version", VERSION)):
        if name not in given or given[name] != wanted or isinstance(given[name], bool):
            found = f"not {given[name]!r:.100}" if name in given else "and is missing"
            raise SavedSearchError(name, f"must be {wanted!r}, {found}")


def _require_names(at: str, given: Mapping[str, Any], wanted: set[str]) -> None:
    dot = f"{at}." if at else ""
    for name in sorted(wanted - given.keys()):
        raise SavedSearchError(f"{dot}{name}", "is missing")
    for name in sorted(map(str, given.keys() - wanted)):
        raise SavedSearchError(f"{dot}{name:.100}", "is unknown")


def _object(at: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise SavedSearchError(at, f"must be an object, not {value!r:.100}")
    return value


def _items(at: str, value: object, read: Callable[[str, object], ItemT]) -> list[ItemT]:
    if not isinstance(value, list | tuple):
        raise SavedSearchError(at, f"must be a list, not {value!r:.100}")
    return [read(f"{at}[{index}]", item) for index, item in enumerate(value)]


def _whole(at: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise SavedSearchError(at, f"must be a whole number, not {value!r:.100}")
    return value


def _number(at: str, value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            return number
    raise SavedSearchError(at, f"must be a finite number, not {value!r:.100}")


def _pair(at: str, value: object) -> tuple[float, float]:
    numbers = _items(at, value, _number)
    if len(numbers) != 2:
        raise SavedSearchError(at, f"must be a pair (low, high), not {len(numbers)} numbers")
    return numbers[0], numbers[1]


def _trial(at: str, value: object, dimension: int) -> SavedTrial:
    given = _object(at, value)
    _require_names(at, given, {"point", "value"})
    point = tuple(_items(f"{at}.point", given["point"], _number))
    if len(point) != dimension:
        raise SavedSearchError(f"{at}.point", f"must hold {dimension} numbers, not {len(point)}")
    told = given["value"]
    return SavedTrial(point, None if told is None else _number(f"{at}.value", told))
