"""Counts of trials, as a job's progress shows them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from service import clock
from service.jobs import commands
from service.records import Job
from service.states import JobState, Phase, TrialState
from service.storage import deletion, job_pages, progress, studies, trials
from service.storage.database import Database
from service.storage.progress import TrialCounts
from tests.support.stored_rows import new_job, trial_rows

DONE, FAILED = TrialState.COMPLETED, TrialState.FAILED
AHEAD = {"number": None, "certainty": "predicted"}


@pytest.fixture
def job(sqlite_database: Database) -> Job:
    """A job with three certain trials, a cached one, and three that were run ahead."""
    job = new_job(sqlite_database)
    with sqlite_database.write() as session:
        changes: list[dict[str, Any]] = [
            {}, {}, {"state": FAILED}, {"cached_from": 1},
            AHEAD, AHEAD, {"certainty": "predicted"}, {"phase": Phase.EVALUATION},
        ]  # fmt: skip
        rows = trial_rows(sqlite_database, job, len(changes))
        trials.insert_all(session, [row | c for row, c in zip(rows, changes, strict=True)])
    return job


@pytest.fixture
def session(sqlite_database: Database) -> Iterator[Session]:
    with sqlite_database.read() as session:
        yield session


def test_trials_are_counted_by_phase_study_and_state(job: Job, session: Session) -> None:
    (study,) = studies.of_job(session, job.id)
    searched = TrialCounts(n=6, n_cached=1, n_numbered=4, n_guessed=3, n_hits=1)
    failed = TrialCounts(n=1, n_numbered=1)
    assert progress.counts_by_phase(session, job.id) == {
        (Phase.SEARCH, DONE): searched,
        (Phase.SEARCH, FAILED): failed,
        (Phase.EVALUATION, DONE): TrialCounts(n=1, n_numbered=1),
    }
    assert progress.search_counts(session, job.id) == {
        (study.id, DONE): searched,
        (study.id, FAILED): failed,
    }
    assert searched + failed == TrialCounts(7, 1, 5, 3, 1)


def test_a_search_that_stopped_early_spends_no_more(sqlite_database: Database, job: Job) -> None:
    other = new_job(sqlite_database)
    with sqlite_database.write() as session:
        assert progress.planned(session, [job.id, other.id]) == {job.id: (1, 5), other.id: (1, 5)}
        (study,) = studies.of_job(session, job.id)
        studies.change(session, study.id, stopped_at=0)
        assert progress.planned(session, [job.id, job.id + 100]) == {job.id: (1, 0)}


def test_durations_are_those_of_the_last_trainings(sqlite_database: Database, job: Job) -> None:
    now = clock.now()
    with sqlite_database.write() as session:
        found = trials.of_job(session, job.id)
        times = [
            {"id": t.id, "started_at": now, "finished_at": now + timedelta(seconds=n)}
            for n, t in enumerate(found)
        ]
        trials.change(session, times)
        # Neither the failed one (2) nor the cached one (3) was trained to its end.
        assert progress.recent_durations(session, job.id, 9) == [7.0, 6.0, 5.0, 4.0, 1.0, 0.0]
        assert progress.recent_durations(session, job.id, 2) == [7.0, 6.0]


def test_a_training_over_which_the_clock_was_set_back_has_no_duration(
    sqlite_database: Database, job: Job
) -> None:
    """A mean with it could be negative, and so would be the time left."""
    now = clock.now()
    with sqlite_database.write() as session:
        times = [
            {"id": t.id, "started_at": now, "finished_at": now + timedelta(seconds=seconds)}
            for t, seconds in zip(trials.of_job(session, job.id), (1.0, -3600.0), strict=False)
        ]
        trials.change(session, times)
        assert progress.recent_durations(session, job.id, 9) == [1.0]


def test_deleted_jobs_and_their_trials_count_nowhere(sqlite_database: Database, job: Job) -> None:
    new_job(sqlite_database)
    with sqlite_database.write() as session:
        assert progress.trials_by_state(session) == {DONE: 7, FAILED: 1}
        assert progress.jobs_by_state(session) == {JobState.QUEUED: 2}
    commands.cancel(sqlite_database, job.id)
    with sqlite_database.write() as session:
        deletion.mark(session, job.id)
        assert progress.trials_by_state(session) == {}
        assert progress.jobs_by_state(session) == {JobState.QUEUED: 1}
        assert [found.id for found in job_pages.page(session, limit=9)] == [job.id + 1]
