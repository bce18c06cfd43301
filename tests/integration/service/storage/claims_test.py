"""Claims and steps on PostgreSQL, where they happen at once: neither waits where it need not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from service.jobs import asks, commands, trainers
from service.settings import Settings
from service.states import AttemptState, TrialState
from service.storage import claims, jobs, postgresql, trials
from service.storage.database import Database
from service.storage.deadlines import within
from service.storage.postgresql import Connection
from tests.support.external_jobs import claim, end, submit
from tests.support.pretended_cluster import PretendedCluster
from workers.dispatcher import Dispatcher


@pytest.fixture
def offered(postgresql_database: Database, tmp_path: Path) -> Iterator[int]:
    settings = Settings(data_dir=tmp_path, poll_s=0.001, lease_s=60.0)
    dispatcher = Dispatcher(settings, postgresql_database, PretendedCluster())
    job_id = submit(postgresql_database, samplers=["random"], controls=[])
    dispatcher.turn(looks=True)
    yield job_id
    dispatcher.resign()


def test_trainers_need_not_wait_for_a_step(postgresql_database: Database, offered: int) -> None:
    database = postgresql_database
    with database.read() as session:
        job = jobs.get(session, offered)
    with database.write() as step:
        jobs.lock_leased(step, job)
        with within(5.0):
            (one,) = claim(database, offered)
            assert trainers.heartbeat(database, one.trial.id, one.token).stop is None
            assert trainers.report(database, one.trial.id, one.token, 1, 0.5, {}).stop is None
            assert end(database, one) == "taken"


def test_each_call_waits_three_times(
    postgresql_database: Database, offered: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[str] = []
    wait: Any = Connection.wait

    def counted(connection: Connection, *given: Any, **options: Any) -> object:
        waits.append(during)
        return wait(connection, *given, **options)

    monkeypatch.setattr(Connection, "wait", counted)
    monkeypatch.setattr(postgresql, "HEARD_S", 60.0)  # no ping, however slow this machine is
    database, during = postgresql_database, "connecting"
    with database.read() as session:
        assert claims.has_offer(session, offered)
    during = "ask"
    asked = asks.claim(database, offered, 1, "trainer", "a key of an ask", is_new=True)
    (one,), during = asked.claims, "report"
    trainers.report(database, one.trial.id, one.token, 1, 0.5, {})
    during = "tell"
    assert end(database, one) == "taken"
    assert [waits.count(call) for call in ("ask", "report", "tell")] == [3, 3, 3]


def test_a_claim_on_its_way_is_cancelled_with_its_job(
    postgresql_database: Database, offered: int
) -> None:
    database = postgresql_database
    cancelling = threading.Thread(target=commands.cancel, args=(database, offered))
    with database.write() as session:
        job, (one,) = claims.take(session, offered, 1)
        found = claims.job_of(session, offered)
        assert job is not None
        assert found is not None
        assert job == replace(found, at=job.at)
        row = {"job_id": offered, "trial_id": one.trial.id, "number": 1, "dispatcher": ""}
        trials.insert_attempts(session, [{**row, "worker": "w", "started_at": job.at}])
        cancelling.start()
        cancelling.join(0.3)
        assert cancelling.is_alive()
    cancelling.join()
    with database.read() as session:
        assert trials.get(session, one.trial.id).state is TrialState.CANCELLED
        (attempt,) = trials.attempts(session, one.trial.id)
    assert attempt.state is AttemptState.CANCELLED
