"""Runs made by hand: a job's studies with their samplers, without a database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from service.orchestration.run import Run
from service.records import Job
from service.states import JobState
from tests.support.report_records import Log, spec_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def job_of(state: JobState = JobState.RUNNING, **changes: Any) -> Job:
    """A job that is held."""
    values: dict[str, Any] = {
        "id": 1, "name": "photos", "state": state, "spec": {}, "report": None, "error": None,
        "waits_for": None, "lease_owner": "d", "lease_fence": 1, "lease_until": NOW,
        "created_at": NOW, "started_at": NOW, "finished_at": None,
    }  # fmt: skip
    return Job(**values | changes)


def run_of(state: JobState = JobState.RUNNING, **changes: Any) -> tuple[Run, Log]:
    """A run of a training job, and the maker of its trials; `changes` are its spec's."""
    log = Log(spec_of(**changes))
    return Run(job_of(state), log.resolved, log.arms(), max_attempts=3), log
