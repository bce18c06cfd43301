"""How far an upload is: a bar of what was sent, then one of the import; on terminals alone."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from densearch.answers import ImportAnswer
from densearch.cli.terminal import console

# What a person calls the stages of an import.
STAGES = {
    "waiting": "waits for other imports",
    "unpacking": "unpacking",
    "reading": "reading",
    "storing": "storing",
}


class UploadBars:
    """One line on stderr; nothing where that is no terminal.

    Args:
        n_bytes: Of the file; None for a folder of the server.
        screen: Where it is drawn.
    """

    def __init__(self, n_bytes: int | None, screen: Console | None = None) -> None:
        screen = screen or console(stderr=True)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[amount]}"),
            TimeRemainingColumn(),
        )
        self._progress = Progress(*columns, console=screen, disable=not screen.is_terminal)
        self._stage = "sending"
        self._sent, self._n_bytes = 0, n_bytes
        words = "sending" if n_bytes is not None else "the server reads it"
        self._task = self._progress.add_task(words, total=n_bytes, amount="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def sent(self, n_bytes: int) -> None:
        """Take in that so many more bytes were sent."""
        self._sent += n_bytes
        amount = amount_of(self._sent, self._n_bytes, "bytes")
        if self._n_bytes is not None and self._sent >= self._n_bytes:
            self._begin("the server reads it", None)
        else:
            self._progress.update(self._task, completed=self._sent, amount=amount)

    def imported(self, found: ImportAnswer) -> None:
        """Take in how far the import is."""
        if found["stage"] != self._stage:
            self._stage = found["stage"]
            self._begin(STAGES.get(self._stage, self._stage), found["n_total"])
        amount = amount_of(found["n_done"], found["n_total"], found["unit"])
        self._progress.update(
            self._task, completed=found["n_done"], total=found["n_total"], amount=amount
        )

    def _begin(self, words: str, total: int | None) -> None:
        """Start a new bar in place of the last one: its speed is its own."""
        self._progress.remove_task(self._task)
        self._task = self._progress.add_task(words, total=total, amount="")


def amount_of(n_done: int, n_total: int | None, unit: str | None) -> str:
    """Return how much is done of how much, in words: MB of bytes, numbers of samples."""
    if unit is None or not (n_done or n_total):
        return ""
    if unit == "bytes":
        of = "" if n_total is None else f" of {n_total / 1e6:,.1f}"
        return f"{n_done / 1e6:,.1f}{of} MB"
    of = "" if n_total is None else f" of {n_total:,}"
    return f"{n_done:,}{of} {unit}"
