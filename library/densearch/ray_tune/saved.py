"""A searcher as plain JSON: what is written, what is refused. Nothing is pickled."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from densearch.direct_l.box import Point
from densearch.direct_l.parameters import Parameter, Place

FORMAT = "densearch.DirectLSearch"
VERSION = 1


class SavedSearcherError(ValueError):
    """A file is no saved searcher, or that of another search.

    Attributes:
        field: What is wrong, such as ``trials[3].value``; "" for the whole file.
    """

    def __init__(self, field: str, reason: str) -> None:
        self.field = field
        super().__init__(f"{field}: {reason}" if field else reason)


@dataclass(frozen=True, slots=True)
class SearchedTrial:
    """A trial of an experiment.

    Attributes:
        point: In the unit cube, shape (dimension,).
        value: What the sequence works with, minimised and finite; None while it runs.
    """

    point: Point
    value: float | None = None


@dataclass(frozen=True, slots=True)
class SavedSearcher:
    """All that a searcher knows.

    Attributes:
        question: What is searched, as `question_of` gives it.
        trials: By Tune's ids, in the order in which they were suggested.
        others: What was evaluated elsewhere: values of the parameters in the order of their
            names, and what the sequence works with.
    """

    question: Mapping[str, Any]
    trials: Mapping[str, SearchedTrial]
    others: Mapping[Place, float]

    def to_json(self) -> str:
        """Return the text of a file; its floats are exact."""
        trials = [
            {"id": name, "point": list(trial.point), "value": trial.value}
            for name, trial in self.trials.items()
        ]
        whole = {
            "format": FORMAT,
            "version": VERSION,
            "question": self.question,
            "trials": trials,
            "others": [{"place": list(p), "value": value} for p, value in self.others.items()],
        }
        return json.dumps(whole, allow_nan=False)

    @classmethod
    def read(cls, text: str | bytes) -> SavedSearcher:
        """Read what `to_json` gave.

        Raises:
            SavedSearcherError: It is something else; the message names the field.
        """
        try:
            given = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise SavedSearcherError("", f"it is no JSON document: {error}") from error
        if not isinstance(given, dict) or given.get("format") != FORMAT:
            raise SavedSearcherError("format", f"must be {FORMAT!r}")
        if given.get("version") != VERSION:
            raise SavedSearcherError("version", f"must be {VERSION}, not {given.get('version')!r}")
        question = given.get("question")
        if not isinstance(question, dict) or not isinstance(question.get("parameters"), dict):
            raise SavedSearcherError("question", "must be an object with its parameters")
        dimension = len(question["parameters"])
        trials = dict(_trial(at, one, dimension) for at, one in _objects(given, "trials"))
        others = dict(_other(at, one, dimension) for at, one in _objects(given, "others"))
        return cls(question, trials, others)


def question_of(
    parameters: Mapping[str, Parameter], metric: str, mode: str, magic_eps: float
) -> dict[str, Any]:
    """Return what the values of a searcher belong to, in plain values."""
    named = {
        name: {"kind": type(parameters[name]).__name__, **asdict(parameters[name])}  # type: ignore[call-overload]
        for name in sorted(parameters)
    }
    return {"parameters": named, "metric": metric, "mode": mode, "magic_eps": magic_eps}


def _objects(given: Mapping[str, Any], name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Return the objects of a list, each with its field."""
    items = given.get(name)
    if not isinstance(items, list):
        raise SavedSearcherError(name, "must be a list")
    for index, item in enumerate(items):
        if not isinstance(item, dict):
            raise SavedSearcherError(f"{name}[{index}]", "must be an object")
        yield f"{name}[{index}]", item


def _trial(at: str, given: Mapping[str, Any], dimension: int) -> tuple[str, SearchedTrial]:
    if not isinstance(given.get("id"), str):
        raise SavedSearcherError(f"{at}.id", "must be a text")
    point = _numbers(f"{at}.point", given.get("point"), dimension)
    if not all(0 <= x <= 1 for x in point):
        raise SavedSearcherError(f"{at}.point", "must hold numbers from 0 to 1")
    value = given.get("value")
    held = None if value is None else float(_number(f"{at}.value", value))
    return given["id"], SearchedTrial(tuple(map(float, point)), held)


def _other(at: str, given: Mapping[str, Any], dimension: int) -> tuple[Place, float]:
    place = _numbers(f"{at}.place", given.get("place"), dimension)
    return place, float(_number(f"{at}.value", given.get("value")))


def _numbers(at: str, given: object, dimension: int) -> Place:
    if not isinstance(given, list) or len(given) != dimension:
        raise SavedSearcherError(at, f"must hold {dimension} numbers")
    return tuple(_number(at, x) for x in given)


def _number(at: str, given: object) -> float | int:
    is_truth = isinstance(given, bool)
    # Not infinity: JSON has whole numbers that are too large for any float.
    if is_truth or not isinstance(given, int | float) or not abs(given) <= sys.float_info.max:
        raise SavedSearcherError(at, f"must be finite, not {given!r:.100}")
    return given
