"""Turn the locations of pydantic's errors into JSON pointers to the body that the user sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from service.errors import Fault

# pydantic's wording speaks of Python; these speak of the user's JSON.
_WORDS = {
    "extra_forbidden": "there is no such field",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "missing": "is required",
    "int_parsing": "must be a whole number",
    # Names and keys alone have patterns.
    "string_pattern_mismatch": "must be printable text on one line, not spaces alone",
}
_TAG_ERRORS = ("union_tag_invalid", "union_tag_not_found")


def escape(part: int | str) -> str:
    """Return a key or an index as one part of a JSON pointer."""
    return str(part).replace("~", "~0").replace("/", "~1")


def pointer_of(location: Sequence[int | str], body: object) -> str:
    """Return the JSON pointer (RFC 6901) of an error's location in `body`.

    pydantic puts the tag of a union between the keys; such a part is not in the body and is left
    out. The last part is kept: it may name a field that is missing.
    """
    parts: list[str] = []
    here: Any = body
    for index, part in enumerate(location):
        inside = (isinstance(here, dict) and part in here) or (
            isinstance(here, list) and isinstance(part, int) and part < len(here)
        )
        if inside:
            here = here[part]
        elif index < len(location) - 1 or not isinstance(here, dict):
            continue
        parts.append(escape(part))
    return "".join(f"/{part}" for part in parts)


def faults_of(errors: Sequence[Mapping[str, Any]], body: object) -> list[Fault]:
    """Turn pydantic's error list into faults, one for each location.

    A value that fits no member of a union has an error for each member: the first speaks for all.
    """
    found: dict[str, Fault] = {}
    for error in errors:
        pointer = pointer_of(error["loc"], body)
        if error["type"] in _TAG_ERRORS:
            pointer += "/" + escape(_tag(error))
        found.setdefault(pointer, Fault(pointer, sentence(error)))
    return list(found.values())


def _tag(error: Mapping[str, Any]) -> str:
    return str(error["ctx"]["discriminator"]).strip("'")


def sentence(error: Mapping[str, Any]) -> str:
    """Say what is wrong, and what would be right."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "union_tag_not_found":
        return _WORDS["missing"]
    if kind == "union_tag_invalid":
        return f"unknown {_tag(error)} {context['tag']!r}: choose {context['expected_tags']}"
    if kind == "literal_error" and isinstance(error["input"], str):
        return f"unknown value {error['input'][:100]!r}: choose {context['expected']}"
    return _WORDS.get(kind, str(error["msg"]).removeprefix("Value error, "))
