"""An open file as the parts of an answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

CHUNK_BYTES = 256 * 1024


def chunks_of(file: IO[bytes]) -> Iterator[bytes]:
    """Yield what is left of a file, and close it."""
    with file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
