"""Seeds that depend on names alone: never on the clock, a process or an order of arrival."""

from __future__ import annotations

import hashlib

SEED_BITS = 32


def derive(*parts: int | str) -> int:
    """Return the seed that belongs to these parts, an int in [0, 2**32).

    Any change of a part gives an unrelated seed (SHA-256 of the parts' text).
    """
    text = "\x1f".join(f"{type(part).__name__}:{part}" for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[: SEED_BITS // 8], "big")
