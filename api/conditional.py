"""Documents that a client has already, by their entity tags (RFC 9110, 8.8 and 13.1.2)."""

from __future__ import annotations

import hashlib


def tag_of(text: str, form: str) -> str:
    """Return the entity tag of a document in a format: another for any other content."""
    return f'"{hashlib.sha256(f"{form} {text}".encode()).hexdigest()[:32]}"'


def is_known(header: str | None, tag: str) -> bool:
    """Whether If-None-Match names a tag; weak tags compare as strong ones."""
    given = [part.strip().removeprefix("W/") for part in (header or "").split(",")]
    return tag in given or "*" in given
