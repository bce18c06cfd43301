"""Pruning old rows that are no results, most of them of ended jobs, in chunks.

It may be killed at any point; a repetition continues where it ended.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.orm import Session

from service.errors import SettingsError
from service.states import Phase
from service.storage import retention
from service.storage.chunks import Chunks
from service.storage.retention import Pruned

_AGE = re.compile(r"(\d+(?:\.\d+)?)([hdw])")
_HOURS = {"h": 1, "d": 24, "w": 7 * 24}
MOST_DAYS = 36_500.0


class InvalidAgeError(SettingsError):
    """An age cannot be read."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(
            f"cannot read the age {text!r}: write a number above 0 with h, d or w, as in 12h, 30d "
            f"or 8w, at most {MOST_DAYS:.0f} days"
        )


def age_of(text: str) -> timedelta:
    """Read an age such as 12h, 30d or 8w.

    Raises:
        InvalidAgeError: The text is no age, or the age is not above 0, or above a century.
    """
    found = _AGE.fullmatch(text.strip().lower())
    hours = float(found[1]) * _HOURS[found[2]] if found else 0.0
    if not 0.0 < hours <= 24 * MOST_DAYS:
        raise InvalidAgeError(text)
    return timedelta(hours=hours)


def prune(chunks: Chunks, before: datetime) -> Pruned:
    """Remove events, measurements and idempotency keys of the jobs that ended before a time.

    Values, curves and metrics of trials stay, and the last event that says how each job ended.
    Costs of trainings that were measured before the time are removed, too.

    Returns:
        The rows that were removed.
    """
    with chunks.database.read() as session:
        job_ids = retention.prunable(session, before)
    n_events = n_measurements = 0
    for job_id in job_ids:
        n_measurements += sum(_prune_trials(chunks, job_id, phase, before) for phase in Phase)
        n_events += chunks.repeat(
            partial(_if_ended, job_id, before, partial(_remove_events, job_id))
        )
    n_keys = chunks.repeat(lambda session, size: retention.remove_keys(session, before, size))
    n_costs = chunks.repeat(
        lambda session, size: retention.remove_calibrations(session, before, size)
    )
    return Pruned(n_events, n_measurements, n_keys, n_costs)


def _if_ended(
    job_id: int,
    before: datetime,
    work: Callable[[Session, int], int],
    session: Session,
    size: int,
) -> int:
    """Run a chunk of work on a job unless it was reopened or deleted meanwhile."""
    return work(session, size) if retention.hold(session, job_id, before) else 0


def _remove_events(job_id: int, session: Session, size: int) -> int:
    return retention.remove_events(session, job_id, size)


def _prune_trials(chunks: Chunks, job_id: int, phase: Phase, before: datetime) -> int:
    n_removed = last_id = 0

    def work(session: Session, size: int) -> int:
        nonlocal n_removed, last_id
        ids = retention.next_trials(session, job_id, phase, last_id, size)
        if ids:
            n_removed += retention.remove_measurements(session, ids)
            last_id = ids[-1]
        return len(ids)

    chunks.repeat(partial(_if_ended, job_id, before, work))
    return n_removed
