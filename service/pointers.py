"""From pydantic's places of errors to JSON pointers into the body that the user sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from service.errors import Fault


def escape(part: int | str) -> str:
    """Return a key or an index as one part of a JSON pointer."""
    return str(part).replace("~", "~0").replace("/", "~1")


def pointer_of(place: Sequence[int | str], body: object) -> str:
    """Return the JSON pointer (RFC 6901) of an error's place in `body`.

    pydantic puts the tag of a union between the keys; such a part is not in the body and is left
    out. The last part is kept: it may name a field that is missing.
    """
    parts: list[str] = []
    here: Any = body
    for index, part in enumerate(place):
        inside = (isinstance(here, dict) and part in here) or (
            isinstance(here, list) and isinstance(part, int) and part < len(here)
        )
        if inside:
            here = here[part]
        elif index < len(place) - 1 or not isinstance(here, dict):
            continue
        parts.append(escape(part))
    return "".join(f"/{part}" for part in parts)


def faults_of(errors: Sequence[Any], body: object, *, skip: int = 0) -> list[Fault]:
    """Turn pydantic's error list into faults; `skip` leading parts of each place are dropped."""
    return [
        Fault(pointer_of(error["loc"][skip:], body), _sentence(str(error["msg"])))
        for error in errors
    ]


def _sentence(message: str) -> str:
    return message.removeprefix("Value error, ")
