"""What a worker printed during an attempt, as the page of a trial shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from service.jobs import attempt_logs
from service.records import Attempt


@dataclass(frozen=True, slots=True)
class LogWanted:
    """Which log: the attempt's number, and a part of the lines that are shown, of any case."""

    attempt: int | None = None
    text: str | None = None


WHOLE = LogWanted()


@dataclass(frozen=True, slots=True)
class WorkerLog:
    """The log of one attempt.

    Attributes:
        numbers: Of the attempts that have one.
        number: Of this one.
        lines: Those that have the text that is looked for.
        n_lines: All of it that is kept.
        is_cut: Whether more was printed before: the last `attempt_logs.MOST_BYTES` are kept.
    """

    numbers: Sequence[int]
    number: int
    wanted: LogWanted
    lines: Sequence[str]
    n_lines: int
    is_cut: bool


def log_of(
    data_dir: Path, job_id: int, attempts: Sequence[Attempt], wanted: LogWanted
) -> WorkerLog | None:
    """Read the log of an attempt, the last one that has any where none is chosen."""
    logs = {
        attempt.number: attempt_logs.path_of(data_dir, job_id, attempt.id).is_file()
        for attempt in attempts
    }
    numbers = [number for number, has_log in logs.items() if has_log]
    if not numbers:
        return None
    number = wanted.attempt if wanted.attempt in numbers else numbers[-1]
    (chosen,) = (attempt for attempt in attempts if attempt.number == number)
    text = attempt_logs.read(data_dir, job_id, chosen.id) or ""
    lines, is_cut = text.splitlines(), text.startswith(attempt_logs.CUT)
    part = (wanted.text or "").casefold()
    shown = [line for line in lines if part in line.casefold()]
    return WorkerLog(numbers, number, wanted, shown, len(lines) - is_cut, is_cut)
