"""The clock of leases: one for all processes of a database, which any of them may see set back."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest
from sqlalchemy import select

from service import clock
from service.records import RegisteredDispatcher
from service.storage import dispatchers, jobs, shared_clock
from service.storage.database import Database
from service.storage.tables import JobRow
from tests.support.stepped_clock import SteppedClock


def test_it_is_an_aware_time_in_utc(database: Database) -> None:
    with database.read() as session:
        assert shared_clock.now(session).tzinfo is UTC


def test_on_postgresql_it_is_the_servers_and_moves_within_a_transaction(
    postgresql_database: Database, stepped: SteppedClock
) -> None:
    before = clock.now()
    stepped.step(-1000.0)
    with postgresql_database.read() as session:
        first, second = shared_clock.now(session), shared_clock.now(session)
    assert before - timedelta(seconds=900) < first < second


@pytest.mark.parametrize(
    ("deadline_s", "heartbeat_s", "is_over"),
    [
        (-0.1, 0.0, True),
        (0.1, 0.0, False),
        (0.1, shared_clock.AHEAD_S - 1, False),
        (0.1, shared_clock.AHEAD_S + 1, True),  # written before the clock was set back
    ],
)
def test_a_lease_is_over_by_its_deadline_or_when_its_owner_comes_from_the_future(
    sqlite_database: Database,
    stepped: SteppedClock,
    deadline_s: float,
    heartbeat_s: float,
    is_over: bool,
) -> None:
    at = stepped.now
    heartbeat = at + timedelta(seconds=heartbeat_s)
    with sqlite_database.write() as session:
        jobs.insert_all(session, [{"name": "a"}])
        jobs.claim(session, "owner", deadline_s)
        dispatchers.put(session, RegisteredDispatcher("owner", "here", 1, 1, {}, at, heartbeat))
        ended = shared_clock.has_run_out(JobRow.lease_until, JobRow.lease_owner, at)
        assert bool(session.scalars(select(JobRow.id).where(ended)).all()) == is_over
