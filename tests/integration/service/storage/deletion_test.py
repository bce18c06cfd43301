"""Rows of deleted jobs: invisible at once, removed in parts, their highest ids kept."""

from __future__ import annotations

from typing import Any

import pytest

from service.errors import IllegalTransitionError, NotFoundError
from service.jobs import commands
from service.records import Job
from service.storage import deletion, densities, jobs, trials
from service.storage.database import Database
from tests.support.stored_jobs import counts
from tests.support.stored_rows import new_job, trial_rows


def with_trials(database: Database, n_trials: int, *paths: str) -> Job:
    """Store a cancelled job with trials, an attempt at each, and artifacts of the last one."""
    job = new_job(database)
    rows = trial_rows(database, job, n_trials)
    with database.write() as session:
        found = trials.insert_all(session, rows)
        trials.insert_attempts(session, [_attempt(job, trial.id) for trial in found])
        for number, path in enumerate(paths):
            densities.put_artifact(session, _artifact(job, found[-1].id, f"{number}", path))
    return commands.cancel(database, job.id)


def _attempt(job: Job, trial_id: int) -> dict[str, Any]:
    return {
        "job_id": job.id, "trial_id": trial_id, "number": 1, "dispatcher": "d",
        "started_at": job.created_at,
    }  # fmt: skip


def _artifact(job: Job, trial_id: int, name: str, path: str) -> dict[str, Any]:
    return {
        "job_id": job.id, "trial_id": trial_id, "name": name, "media_type": "x/y", "path": path,
        "n_bytes": 1, "sha256": "0" * 64,
    }  # fmt: skip


def mark(database: Database, job: Job) -> None:
    with database.write() as session:
        deletion.mark(session, job.id)


def test_a_marked_job_is_gone_for_all_and_raises_the_fence(sqlite_database: Database) -> None:
    job = with_trials(sqlite_database, 1)
    mark(sqlite_database, job)
    with sqlite_database.read() as session:
        with pytest.raises(NotFoundError):
            jobs.get(session, job.id)
        assert deletion.marked(session) == [job.id]
    with pytest.raises(NotFoundError):
        mark(sqlite_database, job)


def test_an_unfinished_job_is_not_marked(sqlite_database: Database) -> None:
    job = new_job(sqlite_database)
    with pytest.raises(IllegalTransitionError):
        mark(sqlite_database, job)
    with sqlite_database.read() as session:
        assert deletion.marked(session) == []


def test_only_files_that_no_other_job_names_are_unused(sqlite_database: Database) -> None:
    first = with_trials(sqlite_database, 1, "shared", "own")
    second = with_trials(sqlite_database, 1, "shared")
    mark(sqlite_database, first)
    with sqlite_database.write() as session:
        assert deletion.unused_paths(session, first.id) == ["own"]
        deletion.forget_paths(session, first.id, ["own"])
        assert deletion.paths_of(session, first.id) == []
        assert deletion.paths_of(session, second.id) == ["shared"]
    mark(sqlite_database, second)
    with sqlite_database.read() as session:
        assert deletion.unused_paths(session, second.id) == ["shared"]


def test_a_file_that_is_gone_is_cleared_from_deleted_jobs_alone(sqlite_database: Database) -> None:
    marked = [with_trials(sqlite_database, 1, "same") for _ in range(2)]
    kept = with_trials(sqlite_database, 1, "same")
    for job in marked:
        mark(sqlite_database, job)
    with sqlite_database.write() as session:
        deletion.forget_paths(session, marked[0].id, ["same"])
        found = [deletion.paths_of(session, job.id) for job in (*marked, kept)]
    assert found == [[], [], ["same"]]


def test_rows_go_in_parts_and_the_last_ids_stay_until_later_rows_come(
    sqlite_database: Database,
) -> None:
    job = with_trials(sqlite_database, 3, "a")
    mark(sqlite_database, job)
    removed = []
    while True:
        with sqlite_database.write(follows_references=False) as session:
            removed.append(deletion.remove_some(job.id, session, 1))
        if not removed[-1]:
            break
    assert len(removed) > 3  # one event or trial at a time
    left = {name: n for name, n in counts(sqlite_database, job.id).items() if n}
    assert {"jobs": 1, "trials": 1, "attempts": 1, "artifacts": 1}.items() <= left.items()
    later = with_trials(sqlite_database, 1, "b")
    with sqlite_database.write(follows_references=False) as session:
        while deletion.remove_some(job.id, session, 10):
            pass
        assert deletion.marked(session) == []
        (kept,) = trials.of_job(session, later.id)
        assert len(trials.attempts(session, kept.id)) == 1
    assert not any(counts(sqlite_database, job.id).values())
