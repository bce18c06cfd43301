"""Numbers, times and sizes as text on pages."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from densearch.plurals import noun
from densearch.vector_text import layers_text, range_text, taps_text, texts_within

NONE = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
TIMES = "\N{MULTIPLICATION SIGN}"
NARROW_SPACE = "\N{NARROW NO-BREAK SPACE}"


def number(value: float | None, digits: int = 4) -> str:
    """Write a number with `digits` significant digits, a dash for None."""
    if value is None:
        return NONE
    if not math.isfinite(value):
        return str(value)
    text = f"{value:.{digits}g}"
    mantissa, _, exponent = text.partition("e")
    if exponent:
        mantissa = f"{mantissa}{TIMES}10^{int(exponent)}"
    return mantissa.replace("-", MINUS)


def exact(value: float) -> str:
    """Write a number for an address or a field: as short as it goes without another value."""
    short = f"{value:.6g}"
    return short if float(short) == value else repr(value)


def signed(value: float | None, digits: int = 3) -> str:
    """Like `number`, with a plus where it is positive."""
    text = number(value, digits)
    return f"+{text}" if value is not None and value > 0 else text


def percent(fraction: float | None) -> str:
    """Write a fraction as a percentage with its sign and one decimal."""
    if fraction is None:
        return NONE
    return f"{100 * fraction:+z.1f}{NARROW_SPACE}%".replace("-", MINUS)


def change(value: float | None, unit: str | None) -> str:
    """Write by how much a loss differs: a share as percentage, a difference as a loss."""
    return signed(value) if unit == "difference" else percent(value)


def interval(versus: Mapping[str, Any]) -> tuple[str, str] | None:
    """Write the ends of a comparison's interval; None where it has none.

    They are in percent of the baseline, unless that is 0: then in units of the loss.
    """
    ends = versus.get("change_low"), versus.get("change_high")
    if None not in ends:  # since version 3 of the report
        unit = versus.get("unit")
        return change(ends[0], unit), change(ends[1], unit)
    difference, relative = versus.get("difference"), versus.get("relative")
    low, high = versus.get("low"), versus.get("high")
    if not difference or not relative or low is None or high is None:
        return None
    baseline = difference / relative
    return percent(low / baseline), percent(high / baseline)


def count(n: int) -> str:
    """Write a whole number with its thousands separated."""
    return f"{n:,}".replace(",", NARROW_SPACE)


def duration(seconds: float | None) -> str:
    """Write a duration in its two largest units: 12 s, 3 min 5 s, 2 h 4 min."""
    if seconds is None:
        return NONE
    if seconds < 1:
        return f"{1000 * max(seconds, 0):.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    for unit, name, below, lower in ((86400, "d", 3600, "h"), (3600, "h", 60, "min")):
        if round(seconds / below) * below >= unit:
            return _two(round(seconds / below), unit // below, name, lower)
    if round(seconds) >= 60:
        return _two(round(seconds), 60, "min", "s")
    return f"{seconds:.0f} s"


def _two(total: int, ratio: int, upper: str, lower: str) -> str:
    many, rest = divmod(total, ratio)
    return f"{many} {upper} {rest} {lower}" if rest else f"{many} {upper}"


def ago(moment: datetime, now: datetime) -> str:
    """Say how long ago a moment was, in its largest unit."""
    seconds = (now - moment).total_seconds()
    for unit, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{int(seconds // unit)} {name} ago"
    return "just now"


def parsed(text: str) -> datetime:
    """Return a time as the REST API writes it."""
    return datetime.fromisoformat(text)


def moment_text(moment: datetime) -> str:
    """Write a time in UTC, to the second."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def size(n_bytes: int) -> str:
    """Write a size in bytes, kB, MB or GB (powers of 1000)."""
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if n_bytes >= unit:
            return f"{n_bytes / unit:.3g} {name}"
    return f"{n_bytes} B"


def plain(value: object) -> str:
    """Write a value of a spec or of params: numbers short, lists with commas."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return NONE if value is None else str(value)
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, Mapping):
        has_lists = any(isinstance(item, list | tuple) for item in value.values())
        between = "; " if has_lists else ", "
        return between.join(f"{key} {plain(item)}" for key, item in value.items())
    if isinstance(value, Sequence):
        return ", ".join(plain(item) for item in value)
    return str(value)


def sentence(text: str) -> str:
    """Write a reason or an error as a sentence of its own."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def counted(n: int, one: str, many: str | None = None) -> str:
    """Write a whole number, its thousands separated, with its noun."""
    return f"{count(n)} {noun(n, one, many)}"


FILTERS = {
    "counted": counted,
    "noun": noun,
    "sentence": sentence,
    "exact": exact,
    "number": number,
    "signed": signed,
    "percent": percent,
    "change": change,
    "interval": interval,
    "count_text": count,
    "duration": duration,
    "ago": ago,
    "moment_text": moment_text,
    "parsed": parsed,
    "size": size,
    "plain": plain,
    "layers_text": layers_text,
    "taps_text": taps_text,
    "range_text": range_text,
    "texts_within": texts_within,
}
