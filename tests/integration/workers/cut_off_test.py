"""Dispatchers whose path to PostgreSQL falls silent, delays or drops: jobs continue."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from service.jobs import commands as use_cases
from service.orchestration import step
from service.orchestration.messages import Assignment
from service.settings import Settings
from service.states import JobState
from service.storage import postgresql, trials
from service.storage.database import Database
from service.validation import parse
from tests.chaos.proxy import Mode, Proxy
from tests.support.pretended_cluster import PretendedCluster, job_of
from workers.dispatcher import Dispatcher

# The driver leaves a cursor open whose connection broke while it was being declared.
pytestmark = pytest.mark.filterwarnings("ignore:<psycopg.ServerCursor:ResourceWarning")
PATIENCE_S = 120.0
# Shorter than the product's, so that the tests are: the server's limits on statements and locks
# of clients that were cut off.
QUERY = (
    "?connect_timeout=2&options=-c%20statement_timeout%3D1000"
    "%20-c%20idle_in_transaction_session_timeout%3D1000"
)
SPHERE = {
    "name": "sphere",
    "task": {"kind": "function", "name": "sphere", "dimension": 2},
    "samplers": ["random"],
    "budget": {"n_trials": 6},
}


@pytest.fixture
def distant(postgresql_database: Database, proxy: Proxy) -> Iterator[Database]:
    url = proxy.url_of(postgresql_database.url.render_as_string(hide_password=False))
    made = Database(url + QUERY)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "PING_S", 1.0)
    monkeypatch.setattr(postgresql, "SLACK_S", 1.0)
    monkeypatch.setattr("workers.dispatcher.RETRY_S", 0.1)


class Worker:
    """A dispatcher with two pretended workers, turned by hand; its heartbeat beats by itself."""

    def __init__(self, database: Database, data_dir: Path) -> None:
        settings = Settings(data_dir=data_dir, poll_s=0.001, lease_s=3.0)
        self.cluster = PretendedCluster()
        self.dispatcher = Dispatcher(settings, database, self.cluster)

    def turn(self) -> None:
        self.dispatcher.turn_or_wait()
        for assignment in self.cluster.in_hand().values():
            self.cluster.finish(assignment)


def submit(database: Database) -> int:
    return use_cases.submit(database, parse.parse(SPHERE))[0].id


def turn_until_ended(worker: Worker, database: Database, job_id: int) -> list[float | None]:
    """Return the values of the job's trials in their order."""
    deadline = time.monotonic() + PATIENCE_S
    while not job_of(database, job_id).state.is_final:
        assert time.monotonic() < deadline
        worker.turn()
    assert job_of(database, job_id).state is JobState.SUCCEEDED
    with database.read() as session:
        found = sorted(trials.of_job(session, job_id), key=lambda trial: trial.number or 0)
    return [trial.value for trial in found]


def strike_in_step(monkeypatch: pytest.MonkeyPatch, strike: Callable[[Session], None]) -> None:
    """Strike the second step of a run after its work and before its commit."""
    take, n_steps = step.take, 0

    def struck(session: Session, *args: Any, **options: Any) -> list[Assignment]:
        nonlocal n_steps
        n_steps += 1
        found = take(session, *args, **options)
        if n_steps == 2:
            strike(session)
        return found

    monkeypatch.setattr(step, "take", struck)


@pytest.mark.parametrize("mode", ["silent", "delay", "drop"])
def test_a_job_goes_on_by_new_connections(
    postgresql_database: Database,
    distant: Database,
    proxy: Proxy,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mode: Mode,
) -> None:
    quiet = Worker(postgresql_database, tmp_path)
    expected = turn_until_ended(quiet, postgresql_database, submit(postgresql_database))
    quiet.dispatcher.resign()
    strike_in_step(monkeypatch, lambda _session: proxy.set_open(mode))
    worker = Worker(distant, tmp_path)
    job_id = submit(postgresql_database)
    with worker.dispatcher.heartbeat:
        assert turn_until_ended(worker, postgresql_database, job_id) == expected
    proxy.mode = "pass"
    worker.dispatcher.resign()


def test_another_dispatcher_takes_the_jobs_of_one_that_is_cut_off(
    postgresql_database: Database,
    distant: Database,
    proxy: Proxy,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cut_off = Worker(distant, tmp_path)
    job_id = submit(postgresql_database)
    with ExitStack() as stack:
        stack.enter_context(cut_off.dispatcher.heartbeat)
        strike_in_step(monkeypatch, lambda _session: setattr(proxy, "mode", "silent"))
        cut_off.turn()
        fence = job_of(postgresql_database, job_id).lease_fence
        cut_off.turn()  # it ends at the client's deadline; the server still holds the job's lock
        other = Worker(postgresql_database, tmp_path)
        stack.enter_context(other.dispatcher.heartbeat)
        values = turn_until_ended(other, postgresql_database, job_id)
        assert len(values) == 6
        assert None not in values
        ended = job_of(postgresql_database, job_id)
        assert ended.lease_fence > fence
        proxy.mode = "pass"
        for _ in range(3):
            cut_off.turn()
        assert job_of(postgresql_database, job_id) == ended
        assert not cut_off.dispatcher.held.runs
    for worker in (cut_off, other):
        worker.dispatcher.resign()


def test_a_step_that_was_ended_for_its_length_is_repeated_with_patience(
    distant: Database,
    postgresql_database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    n_slept = 0

    def sleep(session: Session) -> None:
        nonlocal n_slept
        n_slept += 1
        session.execute(text("SELECT pg_sleep(2)"))

    take = step.take

    def slow(session: Session, *args: Any, **options: Any) -> list[Assignment]:
        found = take(session, *args, **options)
        if n_slept < 2:
            sleep(session)
        return found

    monkeypatch.setattr(step, "take", slow)
    worker = Worker(distant, tmp_path)
    turn_until_ended(worker, postgresql_database, submit(postgresql_database))
    assert n_slept == 2
    assert not worker.dispatcher.held.slow
    worker.dispatcher.resign()


def test_computing_for_long_within_a_transaction_is_repeated_with_patience(
    distant: Database,
    postgresql_database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def is_open() -> bool:
        query = text(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE state = 'idle in transaction' AND datname = current_database()"
        )
        with postgresql_database.read() as session:
            return bool(session.scalar(query))

    def compute(session: Session) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while is_open():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        session.execute(text("SELECT 1"))

    strike_in_step(monkeypatch, compute)
    worker = Worker(distant, tmp_path)
    job_id = submit(postgresql_database)
    worker.turn()
    worker.turn()
    assert worker.dispatcher.held.slow == {job_id}
    turn_until_ended(worker, postgresql_database, job_id)
    worker.dispatcher.resign()
