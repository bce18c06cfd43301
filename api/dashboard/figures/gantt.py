"""What the workers of a job did when: bars of their attempts, merged where they are too many."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from service.states import AttemptState
from service.storage.timelines import WorkSpan

# More bars than this are merged.
MAX_BARS = 2000
# Workers with a row of their own.
MAX_WORKERS = 40
UNKNOWN = "not known"
# Which state a bar of several attempts has.
_FIRST = (
    AttemptState.RUNNING,
    AttemptState.LOST,
    AttemptState.FAILED,
    AttemptState.CANCELLED,
    AttemptState.COMPLETED,
)


@dataclass(frozen=True, slots=True)
class GanttBar:
    """One attempt, or several of a worker that follow each other closely.

    Attributes:
        worker: Its row.
        state: Of the attempt; of several the first of `_FIRST` that one has.
        start_s: Since the beginning of the figure.
        end_s: Likewise; of one that runs the time of the figure.
        busy_s: Of the time between them how long the worker was at work.
        spans: What it stands for, the earliest first.
    """

    worker: str
    state: AttemptState
    start_s: float
    end_s: float
    busy_s: float
    spans: tuple[WorkSpan, ...]


@dataclass(frozen=True, slots=True)
class Gantt:
    """The bars of a job.

    Attributes:
        workers: Those with a row, in the order of their numbers.
        n_workers: How many there are.
    """

    bars: list[GanttBar]
    workers: list[str]
    n_workers: int
    since: datetime


def gantt_of(spans: Sequence[WorkSpan], now: datetime) -> Gantt:
    """Arrange attempts as bars in a row for each worker.

    Args:
        spans: At least one.
        now: Where the bars of attempts that run end.
    """
    since = min(span.started_at for span in spans)
    rows: dict[str, list[WorkSpan]] = {}
    for span in sorted(spans, key=lambda one: one.started_at):
        rows.setdefault(span.worker or UNKNOWN, []).append(span)
    names = sorted(rows, key=_natural)
    shown = names[:MAX_WORKERS]
    end_s = max(_seconds(span, since, now)[1] for span in spans)
    n_shown = sum(len(rows[name]) for name in shown)
    # A row of n equal parts has at most 2 n bars: each but the last reaches over a part.
    part_s = end_s * 2 * len(shown) / MAX_BARS if n_shown > MAX_BARS else 0.0
    bars = [bar for name in shown for bar in _bars(name, rows[name], since, now, part_s)]
    return Gantt(bars, shown, len(names), since)


def _natural(name: str) -> list[tuple[int, int, str]]:
    parts = re.split(r"(\d+)", name)
    return [(1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts]


def _seconds(span: WorkSpan, since: datetime, now: datetime) -> tuple[float, float]:
    start = (span.started_at - since).total_seconds()
    end = ((span.finished_at or now) - since).total_seconds()
    return start, max(start, end)


def _bars(
    worker: str, spans: Sequence[WorkSpan], since: datetime, now: datetime, part_s: float
) -> Iterable[GanttBar]:
    """Yield the bars of a row: those that begin within `part_s` of another's start are one."""
    group: list[WorkSpan] = []
    begun_s = 0.0
    for span in spans:
        start_s, _ = _seconds(span, since, now)
        if group and start_s - begun_s >= part_s:
            yield _bar(worker, group, since, now)
            group = []
        if not group:
            begun_s = start_s
        group.append(span)
    yield _bar(worker, group, since, now)


def _bar(worker: str, group: Sequence[WorkSpan], since: datetime, now: datetime) -> GanttBar:
    times = [_seconds(span, since, now) for span in group]
    states = {span.state for span in group}
    return GanttBar(
        worker=worker,
        state=next(state for state in _FIRST if state in states),
        start_s=times[0][0],
        end_s=max(end for _, end in times),
        busy_s=sum(end - start for start, end in times),
        spans=tuple(group),
    )


def waits_of(spans: Sequence[WorkSpan]) -> list[tuple[datetime, datetime]]:
    """Return when trials waited: each from when it was stored, or last given up, to its next try.

    Args:
        spans: Attempts; the first ones of a trial may be missing.
    """
    free_at: dict[int, datetime | None] = {}
    found = []
    for span in sorted(spans, key=lambda one: (one.trial_id, one.attempt)):
        begin = span.queued_at if span.attempt == 1 else free_at.get(span.trial_id)
        if begin is not None and begin < span.started_at:
            found.append((begin, span.started_at))
        free_at[span.trial_id] = span.finished_at
    return found


def waiting_steps(
    waits: Sequence[tuple[datetime, datetime]],
    waiting_since: Sequence[datetime],
    since: datetime,
    end_s: float,
    most: int,
) -> tuple[list[float], list[int]]:
    """Return how many trials wait, as steps over the seconds since the beginning.

    Args:
        waits: Those that ended.
        waiting_since: The beginnings of those that have not.
        since: The beginning.
        end_s: Where the last step ends.
        most: Of more steps the highest of each of this many equal parts of the time.
    """
    changes = [(begin, 1) for begin, _ in waits] + [(end, -1) for _, end in waits]
    changes += [(begin, 1) for begin in waiting_since]
    changes.sort()
    times = [max((at - since).total_seconds(), 0.0) for at, _ in changes]
    counts = list(accumulate(change for _, change in changes))
    # At one time only the last count is one.
    last = [i for i in range(len(times)) if i + 1 == len(times) or times[i] < times[i + 1]]
    x, y = [0.0, *(times[i] for i in last)], [0, *(counts[i] for i in last)]
    if times and times[last[0]] == 0.0:
        x, y = x[1:], y[1:]
    if len(x) > most:
        x, y = _highest(x, y, end_s / most)
    return [*x, max(end_s, x[-1])], [*y, y[-1]]


def _highest(x: Sequence[float], y: Sequence[int], part_s: float) -> tuple[list[float], list[int]]:
    parts: dict[int, int] = {}
    for at, count in zip(x, y, strict=True):
        part = int(at / part_s)
        parts[part] = max(parts.get(part, 0), count)
    return [part * part_s for part in parts], list(parts.values())
