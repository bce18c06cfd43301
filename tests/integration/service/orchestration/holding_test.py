"""Long work runs outside the write transaction: others can write meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from service.jobs import commands as use_cases
from service.jobs import leases, reopen
from service.orchestration import step
from service.records import Trial
from service.states import JobState
from service.storage import jobs, trials
from service.storage.database import Database
from tests.support.jobs import function_job, run_whole, submit, training_job
from tests.support.simulation import Simulation, report_of

SMALL = function_job(samplers=["random"], budget={"n_trials": 3})


def with_a_post(
    monkeypatch: pytest.MonkeyPatch, database: Database, module: ModuleType, name: str
) -> list[int]:
    """Submit a job whenever a function runs: with the database locked this would never end."""
    posted: list[int] = []
    original: Callable[..., object] = getattr(module, name)

    def wrapped(*args: object, **named: object) -> object:
        posted.append(submit(database, SMALL))
        return original(*args, **named)

    monkeypatch.setattr(module, name, wrapped)
    return posted


def test_a_report_is_built_while_others_write(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    posted = with_a_post(monkeypatch, sqlite_database, step, "build_report")
    job_id = run_whole(sqlite_database, training_job())
    assert len(posted) == 1
    assert report_of(sqlite_database, job_id)["verdict"]


def test_a_log_is_loaded_while_others_write(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(sqlite_database, SMALL)
    posted = with_a_post(monkeypatch, sqlite_database, trials, "each_of_job")
    simulation = Simulation(sqlite_database)
    (run,) = simulation.take()
    assert len(posted) == 1
    assert simulation.run(run).state is JobState.SUCCEEDED


def test_failed_trials_are_looked_for_while_others_write(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = submit(sqlite_database, SMALL)
    simulation = Simulation(sqlite_database, n_workers=1, fails={1, 2, 3})
    (run,) = simulation.take()
    assert simulation.run(run).state is JobState.SUCCEEDED
    posted = with_a_post(monkeypatch, sqlite_database, trials, "outlines")
    assert reopen.retry_failed(sqlite_database, job_id).state is JobState.QUEUED
    assert len(posted) == 1


def test_a_retry_reads_neither_payloads_nor_curves(sqlite_database: Database) -> None:
    job_id = submit(sqlite_database, SMALL)
    simulation = Simulation(sqlite_database, n_workers=1, fails={1, 2, 3})
    (run,) = simulation.take()
    simulation.run(run)
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(sqlite_database.engine, "before_cursor_execute", note)
    reopen.retry_failed(sqlite_database, job_id)
    read = [s for s in statements if s.startswith("SELECT") and "FROM trials" in s]
    assert read
    # But for the first trial's payload, which tells by which versions the job was begun.
    assert not [s for s in read if ("payload" in s or "curve" in s) and "LIMIT" not in s]


def test_an_extension_loads_no_trials(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = run_whole(sqlite_database, SMALL)
    posted = with_a_post(monkeypatch, sqlite_database, trials, "of_job")
    assert reopen.extend(sqlite_database, job_id, 5).state is JobState.QUEUED
    assert not posted


def test_a_job_that_is_cancelled_while_it_is_opened_stays_so(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = submit(sqlite_database, SMALL)
    first = Simulation(sqlite_database)
    (run,) = first.take()
    first.step(run, [])
    leases.resign(sqlite_database, first.me)
    second = Simulation(sqlite_database)
    original = trials.each_of_job

    def cancelled(session: Session, wanted: int) -> list[Trial]:
        found = list(original(session, wanted))
        use_cases.cancel(sqlite_database, job_id)
        return found

    monkeypatch.setattr(trials, "each_of_job", cancelled)
    (run,) = second.take()
    second.step(run, [])
    monkeypatch.undo()
    with sqlite_database.read() as session:
        assert jobs.get(session, job_id).state is JobState.CANCELLED
        assert {t.state.value for t in trials.of_job(session, job_id)} == {"CANCELLED"}
