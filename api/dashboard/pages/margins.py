"""The gain that matters to a reader, as the address of a job's page gives it."""

from __future__ import annotations

import re
from dataclasses import dataclass

FIELD_LENGTH = 20
_NUMBER = re.compile(r"\d{1,17}(\.\d{0,17})?|\.\d{1,17}", re.ASCII)


@dataclass(frozen=True, slots=True)
class MarginChoice:
    """What a reader asks for.

    Attributes:
        text: As it was given; "" where nothing was.
        percent: In percent of the loss, in (0, 100); None for that of the spec.
        fault: Why what was given is not used.
    """

    text: str = ""
    percent: float | None = None
    fault: str | None = None


def margin_of(given: str | None) -> MarginChoice:
    """Read a margin; a sign of percent may follow it."""
    text = (given or "").strip()
    if not text:
        return MarginChoice()
    number = text.removesuffix("%").rstrip()
    percent = float(number) if _NUMBER.fullmatch(number) else 0.0
    if 0.0 < percent < 100.0:
        return MarginChoice(number, percent)
    shown = text if len(text) <= FIELD_LENGTH else f"{text[:FIELD_LENGTH]}…"
    fault = (
        f"“{shown}” is no gain in percent: give a number above 0 and below 100, such as 2.5. "
        "Decided by the margin of the spec."
    )
    return MarginChoice(shown, None, fault)
