"""Faults under the dispatcher: of the database and of the cluster."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

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
from tests.support.long_writes import long_write
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
    following = Dispatcher(settings, sqlite_database, cluster)
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


def test_a_dispatcher_waits_for_a_long_write_of_another_process(
    sqlite_database: Database,
    cluster: PretendedCluster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("service.storage.database.BUSY_TIMEOUT_MS", 20)
    monkeypatch.setattr("workers.dispatcher.RETRY_S", 0.0)
    hasty = Database(sqlite_database.url.render_as_string(hide_password=False))
    job_id = submit(hasty)
    settings = Settings(data_dir=tmp_path, poll_s=0.001, lease_s=60.0)
    with long_write(hasty) as end, capture_logs() as lines:
        monkeypatch.setattr(
            "service.storage.outages.time", SimpleNamespace(sleep=lambda _s: end())
        )
        dispatcher = Dispatcher(settings, hasty, cluster)
    with long_write(hasty) as end, capture_logs() as more:
        for _ in range(3):
            dispatcher.turn_or_wait()
        assert not dispatcher.heartbeat.beat()
        end()
    turn_until_ended(dispatcher, cluster, hasty, job_id)
    assert [line["event"] for line in lines] == [
        "the database refused; waiting",
        "the database answers again",
    ]
    assert [line["event"] for line in more] == [
        "the database refused; trying again",
        "the heartbeat failed",
    ]
    hasty.close()


def test_a_dispatchers_process_waits_at_its_start(
    sqlite_database: Database, tmp_path: Path
) -> None:
    code = (
        "import sys, service.storage.database as database, service.storage.outages as outages\n"
        "database.BUSY_TIMEOUT_MS, outages.RETRY_S = 20, 0.05\n"
        "import workers.__main__ as process\n"
        "process._dispatch = lambda *_: 0\n"
        "sys.argv = ['workers']\n"
        "sys.exit(process.main())\n"
    )
    url = sqlite_database.url.render_as_string(hide_password=False)
    env = os.environ | {"DENSEARCH_DATA_DIR": str(tmp_path), "DENSEARCH_DATABASE_URL": url}
    with (
        long_write(sqlite_database) as end,
        subprocess.Popen(
            [sys.executable, "-c", code],
            env=env,
            text=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        ) as started,
    ):
        assert started.stderr is not None
        first = started.stderr.readline()
        assert started.poll() is None
        end()
        assert started.wait(60) == 0
        rest = started.stderr.read()
    assert "the database refused; waiting" in first
    assert "the database answers again" in rest
