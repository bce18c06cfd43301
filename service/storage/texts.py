"""Text of other programs, as every database takes it."""

from __future__ import annotations


def storable(text: str) -> str:
    """Replace characters that no database takes: zero bytes and lone surrogates.

    An error may quote the name of a file.
    """
    return text.encode(errors="replace").decode().replace("\0", "?")
