"""Where the members of a JSON document stand, for errors that name a line."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

# A JSON pointer -> line and column, both from 1.
Places = Mapping[str, tuple[int, int]]
# What lies deeper is named by what holds it, as by the server: the pointers of a document that is
# nested deeply would take memory by the square of its depth.
MOST_CHARS = 1_000
_PART = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


def pointer(base: str, name: str | int) -> str:
    """Return the JSON pointer (RFC 6901) of a member."""
    return f"{base}/{str(name).replace('~', '~0').replace('/', '~1')}"


def place_of(places: Places, wanted: str) -> tuple[int, int] | None:
    """Return the place of a member, or of the nearest one that holds it; None for the whole."""
    while wanted:
        if wanted in places:
            return places[wanted]
        wanted = wanted.rpartition("/")[0]
    return None


@dataclass(slots=True)
class _Open:
    """An object or an array that has not ended: `key` is None in an array."""

    base: str
    is_object: bool
    index: int = 0
    key: str | None = None

    @property
    def is_named(self) -> bool:
        return len(self.base) <= MOST_CHARS

    @property
    def member(self) -> str:
        if not self.is_named:
            return self.base
        return pointer(self.base, self.key or "" if self.is_object else self.index)


@dataclass(slots=True)
class _Reader:
    places: dict[str, tuple[int, int]] = field(default_factory=dict)
    around: list[_Open] = field(default_factory=list)

    def take(self, part: str, place: tuple[int, int]) -> None:
        here = self.around[-1] if self.around else None
        if part in "}]":
            self.around[-1:] = []
        elif part == "," and here is not None:
            here.index, here.key = here.index + 1, None
        elif here is not None and here.is_object and here.key is None:
            here.key = _text(part)
            self._note(here, place)
        elif part != ":":
            if here is not None and not here.is_object:
                self._note(here, place)
            if part in "{[":
                self.around.append(_Open(here.member if here else "", part == "{"))

    def _note(self, here: _Open, place: tuple[int, int]) -> None:
        if here.is_named:
            self.places[here.member] = place


def places_in(text: str) -> Places:
    """Return the place of each member of a JSON document; of a broken one as many as fit."""
    reader = _Reader()
    line, line_start, scanned = 1, 0, 0
    for found in _PART.finditer(text):
        n_lines = text.count("\n", scanned, found.start())
        if n_lines:
            line, line_start = line + n_lines, text.rindex("\n", 0, found.start()) + 1
        scanned = found.start()
        reader.take(found[0], (line, found.start() - line_start + 1))
    return reader.places


def _text(part: str) -> str:
    try:
        return str(json.loads(part))
    except ValueError:
        return part
