"""The heartbeat keeps a dispatcher's jobs during long steps, and releases them in a hang."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from service.jobs import commands, leases
from service.records import RegisteredDispatcher
from service.storage import dispatchers
from service.storage import jobs as queries
from service.storage.database import Database
from service.validation import parse
from tests.chaos.proxy import Proxy
from workers.heartbeat import Heartbeat
from workers.watchdog import SILENT_S, Watchdog

LEASE_S = 60.0
PATIENCE_S = 60.0
SPHERE = parse.parse(
    {
        "name": "sphere",
        "task": {"kind": "function", "name": "sphere", "dimension": 2},
        "samplers": ["random"],
        "budget": {"n_trials": 4},
    }
)


@pytest.fixture
def watchdog() -> Watchdog:
    return Watchdog(1.0)


def claimed(database: Database, lease_s: float = LEASE_S) -> RegisteredDispatcher:
    """A dispatcher that holds two jobs."""
    for _ in range(2):
        commands.submit(database, SPHERE)
    me = leases.register(database, 1, {})
    assert len(leases.claim(database, me, lease_s)) == 2
    return me


def n_held(database: Database, me: RegisteredDispatcher) -> int:
    with database.read() as session:
        found = [s for s in queries.standings(session) if s.lease_owner == me.id]
    return sum(not standing.is_claimable for standing in found)


def test_a_step_that_takes_long_costs_no_lease(
    postgresql_database: Database, watchdog: Watchdog
) -> None:
    me = claimed(postgresql_database, lease_s=-1.0)
    heartbeat = Heartbeat(postgresql_database, lambda: me, LEASE_S, watchdog)
    with postgresql_database.write() as session:
        queries.lock(session, 1)  # the main loop is at work on the first job
        assert heartbeat.beat()
        assert n_held(postgresql_database, me) == 1
        other = leases.register(postgresql_database, 1, {})
        assert leases.claim(postgresql_database, other, LEASE_S) == []
    assert heartbeat.beat()
    assert n_held(postgresql_database, me) == 2


def test_a_main_loop_that_hangs_loses_its_jobs_to_another(
    database: Database, watchdog: Watchdog
) -> None:
    me = claimed(database, lease_s=-1.0)
    heartbeat = Heartbeat(database, lambda: me, LEASE_S, watchdog)
    for _ in range(int(SILENT_S) + 1):  # at the first one this thread has worked
        watchdog.tick()
    with capture_logs() as lines:
        assert [heartbeat.beat(), heartbeat.beat()] == [False, False]
    assert len(lines) == 1
    other = leases.register(database, 1, {})
    assert len(leases.claim(database, other, LEASE_S)) == 2
    watchdog.mark()
    watchdog.tick()
    assert heartbeat.beat()
    assert (n_held(database, me), n_held(database, other)) == (0, 2)


def test_the_thread_beats_at_once_when_something_changed(
    database: Database, watchdog: Watchdog
) -> None:
    me = claimed(database)
    seen = me

    def n_workers() -> int:
        with database.read() as session:
            (found,) = dispatchers.alive(session, 600.0)
        return found.n_workers

    with Heartbeat(database, lambda: seen, LEASE_S, watchdog) as heartbeat:
        for wanted in (3, 5):
            seen = RegisteredDispatcher(
                me.id, me.host, me.pid, wanted, {}, me.started_at, me.heartbeat_at
            )
            heartbeat.hurry()
            deadline = time.monotonic() + PATIENCE_S
            while n_workers() != wanted:
                assert time.monotonic() < deadline
                time.sleep(0.01)
    leases.resign(database, me)
    with database.read() as session:  # the thread has ended: nothing brings the row back
        assert dispatchers.alive(session, 600.0) == []


def test_a_dispatcher_that_is_cut_off_loses_its_jobs_to_another(
    postgresql_database: Database, proxy: Proxy, watchdog: Watchdog
) -> None:
    url = proxy.url_of(postgresql_database.url.render_as_string(hide_password=False))
    distant = Database(url + "?connect_timeout=2&options=-c%20"
                       "idle_in_transaction_session_timeout%3D1000")  # fmt: skip
    lease_s = 3.0
    me = claimed(distant, lease_s)
    heartbeat = Heartbeat(distant, lambda: me, lease_s, watchdog)
    other = leases.register(postgresql_database, 1, {})
    assert heartbeat.beat()
    with distant.engine.connect() as connection:
        # Cut off in the middle of a step: the row of the first job is locked.
        connection.execute(text("SELECT * FROM jobs WHERE id = 1 FOR UPDATE"))
        proxy.mode = "silent"
        with capture_logs() as lines:
            assert not heartbeat.beat()
            assert not heartbeat.beat()
        assert [line["event"] for line in lines] == ["the heartbeat failed"]
        taken: list[int] = []
        deadline = time.monotonic() + PATIENCE_S
        while len(taken) < 2:
            taken += [job.id for job in leases.claim(postgresql_database, other, LEASE_S)]
            assert time.monotonic() < deadline
            time.sleep(0.05)
        connection.invalidate()
    proxy.mode = "pass"
    with capture_logs() as lines:
        assert heartbeat.beat()
    assert [line["event"] for line in lines] == ["the heartbeat works again"]
    assert (n_held(distant, me), n_held(distant, other)) == (0, 2)
    distant.close()
