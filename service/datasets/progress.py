"""How far an import has come, and where it is asked to stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

# Rows and pages need no more; a stop is noticed within this time and that of one sample.
REPORT_EVERY_S = 0.5


class Stage(StrEnum):
    """What an import is doing, in this order."""

    WAITING = "waiting"
    UNPACKING = "unpacking"
    READING = "reading"
    STORING = "storing"


# What is counted in each stage.
UNITS: Mapping[Stage, Literal["bytes", "samples"]] = MappingProxyType(
    {Stage.UNPACKING: "bytes", Stage.READING: "samples"}
)
Report = Callable[[Stage, int, int | None], None]


class ImportProgress:
    """The progress of one import, in one thread.

    Args:
        report: Called with the stage, the number done and the number in all, None if it is not
            known: at the start of each stage, then every `REPORT_EVERY_S`. What it raises ends
            the import.
    """

    def __init__(self, report: Report | None = None) -> None:
        self._report = report
        self._stage, self._n_done = Stage.WAITING, 0
        self._n_total: int | None = None
        self._due = 0.0

    def enter(self, stage: Stage, n_total: int | None = None) -> None:
        """Begin a stage, in which `n_total` are to be done."""
        self._stage, self._n_done, self._n_total = stage, 0, n_total
        self._tell()

    def reach(self, n_done: int) -> None:
        """Note that so many are done in this stage."""
        self._n_done = n_done
        if time.monotonic() >= self._due:
            self._tell()

    def _tell(self) -> None:
        if self._report is not None:
            self._report(self._stage, self._n_done, self._n_total)
        self._due = time.monotonic() + REPORT_EVERY_S
