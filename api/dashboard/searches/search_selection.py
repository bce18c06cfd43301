"""What the reader has selected on the page of a search, from its address."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel

from api.dashboard.formats import exact
from api.dashboard.searches.search_view import SearchView
from api.trial_query import PREFIX
from densearch.names import quoted
from service.records import Study
from service.storage.search_points import SearchPoint
from service.studies.search_space import Axis, CategoryAxis

APART = ".."


class SearchQuery(BaseModel):
    """The selections that an address may have, besides ``p.NAME`` of each coordinate.

    Each is read by `selection_of`, which says in the page what is wrong with it.
    """

    study: str | None = None
    x: str | None = None
    y: str | None = None
    iteration: str | None = None
    min_value: str | None = None
    max_value: str | None = None


@dataclass(frozen=True, slots=True)
class Selected:
    """An interval that is selected, or one choice; an end that is None is open."""

    low: float | None = None
    high: float | None = None
    choice: str | None = None

    def holds(self, value: object) -> bool:
        """Whether a value is selected."""
        if self.choice is not None:
            return str(value) == self.choice
        if not isinstance(value, int | float):
            return False
        return (self.low is None or value >= self.low) and (
            self.high is None or value <= self.high
        )

    @property
    def text(self) -> str:
        """As in the address."""
        if self.choice is not None:
            return self.choice
        return APART.join("" if end is None else exact(end) for end in (self.low, self.high))


@dataclass(frozen=True, slots=True)
class SearchSelection:
    """What is shown of a search.

    Attributes:
        x: The coordinate to the right.
        y: The one upwards; the same in one dimension.
        iteration: How many iterations of DIRECT-L are shown; all of them when None.
        value: Which values are selected.
        spans: Which settings are, by the coordinate.
        notes: What of the address was left out, in sentences.
    """

    x: int = 0
    y: int = 0
    iteration: int | None = None
    value: Selected = Selected()
    spans: Mapping[int, Selected] = field(default_factory=dict)
    notes: Sequence[str] = ()

    @property
    def is_brushed(self) -> bool:
        """Whether only some of the trials are selected."""
        return bool(self.spans) or self.value != Selected()

    def holds(self, view: SearchView, point: SearchPoint) -> bool:
        """Whether a trial with a value is selected."""
        spans = self.spans.items()
        is_inside = all(s.holds(view.axes[i].axis.value(point.point[i])) for i, s in spans)
        return is_inside and self.value.holds(point.value)


def chosen_study(own: Sequence[Study], query: Mapping[str, str]) -> tuple[Study | None, list[str]]:
    """Return the search that an address names, else the first, and what is wrong with it."""
    name = query.get("study")
    found = next((study for study in own if study.name == name), None)
    notes = []
    if name is not None and found is None:
        notes.append(f"There is no search {quoted(name, 80)} in this job.")
    return found or next(iter(own), None), notes


def selection_of(view: SearchView, query: Mapping[str, str]) -> SearchSelection:
    """Read the selections of an address; what is wrong in it is left out and noted."""
    notes: list[str] = []
    n = len(view.axes)
    x, y = (_axis(view, query, name, notes) for name in ("x", "y"))
    x = 0 if x is None else x
    y = next((i for i in (1, 0) if i != x and i < n), x) if y is None or y == x else y
    low = _number(query, "min_value", notes)
    high = _number(query, "max_value", notes)
    if low is not None and high is not None and low > high:
        notes.append(f"min_value, {low:g}, is above max_value, {high:g}.")
        low = high = None
    return SearchSelection(
        x,
        y,
        _iteration(query, notes),
        Selected(low, high),
        _spans(view, query, notes),
        tuple(notes),
    )


def _axis(view: SearchView, query: Mapping[str, str], name: str, notes: list[str]) -> int | None:
    text = query.get(name)
    names = [axis.name for axis in view.axes]
    if not text:
        return None
    if text not in names:
        notes.append(f"This search has no coordinate {quoted(text, 80)}.")
        return None
    return names.index(text)


def _iteration(query: Mapping[str, str], notes: list[str]) -> int | None:
    text = query.get("iteration", "")
    if text.isascii() and text.isdecimal() and len(text) < 10:
        return int(text)
    if text:
        notes.append(f"The iteration {quoted(text, 80)} is not a number from 0.")
    return None


def _number(query: Mapping[str, str], name: str, notes: list[str]) -> float | None:
    text = query.get(name, "").strip()
    if not text:
        return None
    found = _float(text)
    if found is None:
        notes.append(f"{name} is {quoted(text, 80)}, which is not a number.")
    return found


def _spans(view: SearchView, query: Mapping[str, str], notes: list[str]) -> dict[int, Selected]:
    found: dict[int, Selected] = {}
    for index, axis in enumerate(view.axes):
        text = query.get(PREFIX + axis.name, "").strip()
        if not text:
            continue
        span, fault = _choice(text, axis.axis) if axis.n_choices else _span(text)
        if span is None:
            notes.append(f"{axis.name} is {quoted(text, 80)}; {fault}.")
        else:
            found[index] = span
    if view.points:  # before the first trial params have no names yet
        known = {PREFIX + axis.name for axis in view.axes}
        given = [name for name, text in query.items() if name.startswith(PREFIX) and text.strip()]
        strange = [name.removeprefix(PREFIX)[:80] for name in given if name not in known]
        notes += [f"This search has no coordinate {quoted(name)}." for name in strange]
    return found


def _choice(text: str, axis: Axis) -> tuple[Selected | None, str]:
    choices = [str(choice) for choice in axis.choices] if isinstance(axis, CategoryAxis) else []
    return Selected(choice=text) if text in choices else None, f"it is one of {', '.join(choices)}"


def _span(text: str) -> tuple[Selected | None, str]:
    """Read a range; what is wrong with it where it is none."""
    low, apart, high = (part.strip() for part in text.partition(APART))
    ends = [None if not end else _float(end) for end in (low, high)]
    is_wrong = any(end and value is None for end, value in zip((low, high), ends, strict=True))
    if not apart or is_wrong:
        return None, "a range is written as low..high"
    first, last = ends
    if first is not None and last is not None and first > last:
        return None, f"{low[:40]} is above {high[:40]}: give the lower one first"
    return Selected(first, last), ""


def _float(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
