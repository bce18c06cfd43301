"""What was proved: a line for each check as it ends, and all of them as a table."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Result = Literal["ok", "FAILED", "skipped"]


class SkippedError(Exception):
    """A check cannot be made here; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Line:
    """How one check ended."""

    name: str
    result: Result
    took_s: float
    note: str

    def __str__(self) -> str:
        first = self.note.strip().splitlines()[0] if self.note.strip() else ""
        note = f"({first})" if self.result == "skipped" else first
        return f"{self.result:7} {self.took_s:5.0f} s  {self.name:48} {note}".rstrip()


class Checklist:
    """Runs checks one after the other. After one that others need has failed, those are skipped.

    Args:
        say: Prints a line at once.
    """

    def __init__(self, say: Callable[[str], object]) -> None:
        self._say = say
        self.lines: list[Line] = []
        self._lack: str | None = None

    def check(self, name: str, prove: Callable[[], str | None], *, needed: bool = False) -> None:
        """Run a check and print its line.

        Args:
            name: What is proved.
            prove: Raises when it is not so; returns what else is worth a word.
            needed: Whether those that follow cannot be made without it.
        """
        if self._lack is not None:
            self._end(Line(name, "skipped", 0.0, self._lack))
            return
        self._say(f"...              {name}")
        began = time.monotonic()
        result: Result
        try:
            result, note = "ok", prove() or ""
        except SkippedError as error:
            result, note = "skipped", str(error)
        except Exception as error:  # noqa: BLE001 - any failure is that of this check alone
            result, note = "FAILED", str(error) or type(error).__name__
        if result != "ok" and needed:
            self._lack = f"without: {name}"
        self._end(Line(name, result, time.monotonic() - began, note))

    def _end(self, line: Line) -> None:
        self.lines.append(line)
        self._say(str(line))
        if line.result == "FAILED":
            for further in line.note.strip().splitlines()[1:]:
                self._say(f"                 | {further}")

    def table(self) -> str:
        """Return every line again, and the counts."""
        counts = {r: sum(line.result == r for line in self.lines) for r in _RESULTS}
        summary = ", ".join(f"{n} {result}" for result, n in counts.items())
        return "\n".join([*map(str, self.lines), summary])

    def has_failed(self) -> bool:
        """Return whether any check failed."""
        return any(line.result == "FAILED" for line in self.lines)


_RESULTS: tuple[Result, ...] = ("ok", "FAILED", "skipped")
