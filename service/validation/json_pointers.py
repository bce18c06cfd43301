"""Turn the locations of pydantic's errors into JSON pointers to the body that the user sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from densearch.names import quoted
from service.errors import MOST_FAULTS, Fault

# A pointer repeats keys that are the user's: what lies deeper is named by what holds it.
MOST_CHARS = 500

# pydantic's wording speaks of Python; these speak of the user's JSON.
_WORDS = {
    "extra_forbidden": "there is no such field",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "missing": "is required",
    "int_parsing": "must be a whole number",
}
# "Input should be greater than 0", "List should have at least 1 item after validation, not 0".
_SHOULD = re.compile(r"^[A-Z][a-z]+ should (be|have) (.*?)(?: after validation, not \d+)?$")
# Names and keys alone have patterns; each that is not about control characters has its words.
_LINE = "must be printable text on one line, not spaces alone"
_PATTERNS = {
    r"^[a-z0-9][a-z0-9-]{0,63}$": "must be 1 to 64 lower-case letters, digits and hyphens, and "
    "begin with no hyphen",
    r"^[A-Za-z][A-Za-z0-9_./@ -]*$": "must begin with a letter, and have letters of English, "
    "digits, blanks and _ . / @ - alone",
    r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$": "must be letters of English, digits, _ and -, in "
    "parts divided by dots, as in model.0.conv",
    r"^[a-z][a-z0-9_.-]*(:[A-Za-z0-9_.-]+)?$": "must be the name of a data set, such as stored:12",
}
_TAG_ERRORS = ("union_tag_invalid", "union_tag_not_found")


def escape(part: int | str) -> str:
    """Return a key or an index as one part of a JSON pointer."""
    return str(part).replace("~", "~0").replace("/", "~1")


def pointer_to(parts: Iterable[int | str]) -> str:
    """Return the JSON pointer (RFC 6901) to the value below these keys and indices.

    It leads to the nearest value around that one where it would have more than `MOST_CHARS`.
    """
    pointer = ""
    for part in parts:
        below = f"{pointer}/{escape(part)}"
        if len(below) > MOST_CHARS:
            break
        pointer = below
    return pointer


def _parts_of(error: Mapping[str, Any], body: object) -> tuple[int | str, ...]:
    """Return the keys and indices in `body` that lead to an error.

    pydantic puts the tag of a union between the keys. Where a key has the name of the tag, as in
    `{"pruning": {"median": 3}}`, the tag is left out that hides what was refused. Of a field that
    is missing that is the object without it.
    """
    whole = error["loc"]
    n_absent = 1 if error["type"] == "missing" else 0
    location, absent = whole[: len(whole) - n_absent], whole[len(whole) - n_absent :]
    without_one = ((*location[:at], *location[at + 1 :]) for at in range(len(location)))
    for each in (location, *without_one):
        parts, found = _walked(each, body)
        if [error["input"]] == found:
            return (*parts, *absent)
    return _walked(whole, body)[0]


def _walked(
    location: Sequence[int | str], body: object
) -> tuple[tuple[int | str, ...], list[object]]:
    """Return the parts of a location that are in `body`, and the value at its last part if any.

    The last part is kept: it may name a field that is missing.
    """
    parts: list[int | str] = []
    here: Any = body
    inside = True
    for index, part in enumerate(location):
        inside = (isinstance(here, dict) and part in here) or (
            isinstance(here, list) and isinstance(part, int) and part < len(here)
        )
        if inside:
            here = here[part]
        elif index < len(location) - 1 or not isinstance(here, dict):
            continue
        parts.append(part)
    return tuple(parts), [here] if inside else []


def first_faults(errors: Sequence[Mapping[str, Any]], body: object) -> tuple[list[Fault], int]:
    """Turn pydantic's error list into faults, one for each location.

    A value that fits no member of a union has an error for each member: the first speaks for all.

    Returns:
        The first `MOST_FAULTS`, and how many there are.
    """
    found: list[Fault] = []
    places: set[tuple[int | str, ...]] = set()
    for error in errors:
        parts = _parts_of(error, body)
        if error["type"] in _TAG_ERRORS:
            parts = (*parts, _tag(error))
        if parts not in places and len(found) < MOST_FAULTS:
            found.append(Fault(pointer_to(parts), sentence(error)))
        places.add(parts)
    return found, len(places)


def _tag(error: Mapping[str, Any]) -> str:
    return str(error["ctx"]["discriminator"]).strip("'")


def sentence(error: Mapping[str, Any]) -> str:
    """Say what is wrong, and what would be right."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "union_tag_not_found":
        return _WORDS["missing"]
    if kind == "union_tag_invalid":
        given = quoted(str(context["tag"]))
        return f"unknown {_tag(error)} {given}: choose {context['expected_tags']}"
    if kind == "literal_error" and isinstance(error["input"], str):
        return f"unknown value {quoted(error['input'])}: choose {context['expected']}"
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(context["pattern"], _LINE)
    words = str(error["msg"]).removeprefix("Value error, ")
    return _WORDS.get(kind, _SHOULD.sub(r"must \1 \2", words))
