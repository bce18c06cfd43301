"""Faults under the dispatcher: of the database and of the cluster."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Connection, event, update
from structlog.testing import capture_logs

from service.jobs import commands as use_cases
from service.jobs import deletion, leases
from service.settings import Settings
from service.states import AttemptState
from service.storage import trials
from service.storage.database import Database
from service.storage.tables import JobRow
from tests.support.pretended_cluster import (
    PretendedCluster,
    job_of,
    submit,
    turn_until_ended,
)
from workers.dispatcher import LOST, Dispatcher
from workers.pulse import ClusterLostError


def test_a_lost_cluster_ends_the_dispatcher_and_frees_its_jobs(
    sqlite_database: Database, dispatcher: Dispatcher, cluster: PretendedCluster, tmp_path: Path
) -> None:
    job_id = submit(sqlite_database)
    dispatcher.turn()
    assert job_of(sqlite_database, job_id).lease_owner is not None
    cluster.lost = ClusterLostError("its raylet process ended")
    with pytest.raises(ClusterLostError):
        dispatcher.run()
    job = job_of(sqlite_database, job_id)
    assert job.lease_owner is None
    assert "the Ray cluster has no workers" in str(job.waits_for)
    assert not cluster.has_left  # leaving a dead cluster may block for ever
    with sqlite_database.read() as session:
        states = [a.state for t in trials.of_job(session, job_id)
                  for a in trials.attempts(session, t.id)]  # fmt: skip
        counts = [t.error["n_died"] for t in trials.of_job(session, job_id) if t.error]
    assert states == [AttemptState.LOST] * 2
    assert counts == [1, 1]
    cluster.lost = None
    settings = Settings(data_dir=tmp_path, poll_s=0.001, lease_s=60.0)
    following = Dispatcher(settings, sqlite_database, cluster)  # type: ignore[arg-type]
    following.turn()
    assert job_of(sqlite_database, job_id).waits_for is None
    assert len(cluster.hand) == 2


def test_a_lost_cluster_changes_no_job_that_another_dispatcher_holds(
    sqlite_database: Database, dispatcher: Dispatcher, cluster: PretendedCluster
) -> None:
    deleted, taken, own = (submit(sqlite_database) for _ in range(3))
    dispatcher.turn()
    other = leases.register(sqlite_database, 1, {})
    use_cases.cancel(sqlite_database, deleted)
    deletion.delete(sqlite_database, deleted)
    with sqlite_database.write() as session:
        session.execute(update(JobRow).where(JobRow.id == taken).values(lease_owner=other.id))
    cluster.lost = ClusterLostError("its raylet process ended")
    with pytest.raises(ClusterLostError):
        dispatcher.run()
    found = [job_of(sqlite_database, job_id) for job_id in (taken, own)]
    assert [job.lease_owner for job in found] == [other.id, None]
    assert [job.waits_for == LOST for job in found] == [False, True]


def test_a_database_that_takes_no_writes_is_said_once_and_waited_for(
    sqlite_database: Database,
    dispatcher: Dispatcher,
    cluster: PretendedCluster,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("workers.dispatcher.RETRY_S", 0.0)
    job_id = submit(sqlite_database)
    event.listen(sqlite_database.engine, "begin", _forbid_writes)
    with capture_logs() as lines:
        for _ in range(3):
            dispatcher.turn_or_wait()
        event.remove(sqlite_database.engine, "begin", _forbid_writes)
        event.listen(sqlite_database.engine, "begin", _allow_writes)
        dispatcher.turn_or_wait()
    told = [(line["log_level"], line["event"]) for line in lines if line["event"] != "job taken"]
    assert told == [
        ("error", "the database refused; trying again"),
        ("info", "database and disk work again"),
    ]
    assert lines[0]["reason"].startswith("it takes no writes")
    turn_until_ended(dispatcher, cluster, sqlite_database, job_id)


def _forbid_writes(connection: Connection) -> None:
    connection.exec_driver_sql("PRAGMA query_only=ON")


def _allow_writes(connection: Connection) -> None:
    connection.exec_driver_sql("PRAGMA query_only=OFF")
