"""Numbers of bytes as people read them."""

from __future__ import annotations

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")


def size_text(n_bytes: float) -> str:
    """Format a number of bytes with a unit, such as "8.4 GB"."""
    unit = 0
    # Three digits of 999.6 are 1000: the next unit.
    while n_bytes >= 999.5 and unit < len(_UNITS) - 1:
        n_bytes, unit = n_bytes / 1000, unit + 1
    return f"{n_bytes:.3g} {_UNITS[unit]}"
