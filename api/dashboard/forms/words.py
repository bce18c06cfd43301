"""What a form calls the values of a JSON schema: labels, units, ranges, defaults."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from api.dashboard.formats import count

UNITS: Mapping[str, str] = MappingProxyType(
    {"_s": "s", "_px": "px", "_percent": "%", "_bytes": "bytes"}
)
# Names that are no words.
WORDS: Mapping[str, str] = MappingProxyType(
    {"lr": "learning rate", "dataset": "data set", "cpus": "CPUs", "gpus": "GPUs", "eta": "eta"}
)


def split_unit(name: str) -> tuple[str, str]:
    """Return the name of a value without its unit, and the unit; "" for none."""
    for suffix, unit in UNITS.items():
        if name.endswith(suffix):
            return name.removesuffix(suffix), unit
    return name, ""


def label_of(name: str, title: str = "") -> str:
    """Return what a page calls a value: n_trials is "Trials", patch_px is "Patch".

    Args:
        name: Of the value.
        title: In its schema; that which pydantic makes of the name says nothing new.
    """
    if title and title != name.replace("_", " ").title():
        return title
    words = split_unit(name)[0].removeprefix("n_").split("_")
    text = " ".join(WORDS.get(word, word) for word in words if word)
    return text[:1].upper() + text[1:] or name


def limits_of(schema: Mapping[str, Any]) -> str:
    """Return the range of a number in words, "" where it has none."""
    low = _bound(schema, "minimum", "from", "exclusiveMinimum", "above")
    high = _bound(schema, "maximum", "to" if low.startswith("from") else "at most",
                  "exclusiveMaximum", "below")  # fmt: skip
    joint = " " if low.startswith("from") and high.startswith("to") else ", "
    return joint.join(part for part in (low, high) if part)


def _bound(
    schema: Mapping[str, Any], closed: str, closed_word: str, open_: str, open_word: str
) -> str:
    for key, word in ((closed, closed_word), (open_, open_word)):
        if isinstance(schema.get(key), int | float):
            return f"{word} {number_text(schema[key])}"
    return ""


def number_text(value: float) -> str:
    """Return a bound for people: thousands are separated, and 1e300 stays as it is."""
    is_whole = isinstance(value, int) or (value.is_integer() and abs(value) < 1e15)
    return count(int(value)) if is_whole else f"{value:g}"


def shown_value(value: object, control: str) -> str:
    """Return a JSON value as a control of a form shows it; "" for none."""
    if value is None:
        return ""
    if isinstance(value, str) and control != "json":
        return value
    return json.dumps(value, ensure_ascii=False)


def first_paragraph(text: str) -> str:
    """Return a description without the paragraphs below the first."""
    return " ".join(text.partition("\n\n")[0].split())
