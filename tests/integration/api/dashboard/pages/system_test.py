"""The page of the system: with a dispatcher and without one, and what is at work."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from service import clock
from service.jobs import leases
from service.storage import dispatchers, overview
from service.storage.database import Database
from tests.support import seeding


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
def test_it_shows_who_works_on_what(client: TestClient, database: Database) -> None:
    found = seeding.seed_all(database)
    page = client.get("/system").text
    assert "Alive" in page
    assert "<img src=x" not in page
    with database.read() as session:
        (working,) = overview.at_work(session, 9)
    assert working.job_id in {job.id for job in found.values()}
    assert f'href="./jobs/{working.job_id}/trials/{working.trial_id}"' in page
    assert '1 <span class="of">of 3 at work</span>' in page


def test_a_silent_dispatcher_is_called_so(client: TestClient, database: Database) -> None:
    empty = client.get("/system").text
    assert "No dispatcher." in empty
    assert "Nothing is being trained" in empty
    me = leases.register(database, 2, {"cpus": 2.0, "memory_bytes": 8e9})
    assert "8 GB" in client.get("/system").text
    with database.write() as session:
        (record,) = dispatchers.every(session)
        assert record.id == me.id
        late = replace(record, heartbeat_at=clock.now() - timedelta(hours=1))
        dispatchers.put(session, late)
    page = client.get("/system").text
    assert "Silent" in page
    assert "No dispatcher." in page
