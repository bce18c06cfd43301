"""The limits of a job's budget in addition to its trials: time at work, and money."""

from __future__ import annotations

from datetime import datetime

from service.costs.prices import Prices
from service.records import Job
from service.spec import JobSpec
from service.states import COST, WALL_CLOCK


def worked_s(job: Job, now: datetime) -> float:
    """Return the seconds that a job was at work until now; pauses are not counted."""
    if job.working_since is None:
        return job.worked_s
    # Never less: the clock may have been set back.
    return job.worked_s + max((now - job.working_since).total_seconds(), 0.0)


def exceeded(
    spec: JobSpec, job: Job, trained_s: float, prices: Prices, now: datetime
) -> str | None:
    """Return which limit of its budget a job has reached, None while it has reached none.

    Args:
        spec: The job's.
        job: As stored.
        trained_s: Seconds of its trainings that have ended.
        prices: The server's.
        now: The time.
    """
    budget = spec.budget
    if budget.wall_clock_s is not None and worked_s(job, now) >= budget.wall_clock_s:
        return WALL_CLOCK
    per_s = prices.per_s(spec.resources)
    if budget.cost is not None and per_s is not None and trained_s * per_s >= budget.cost:
        return COST
    return None
