"""Stored dispatchers: the newest state of each, and who counts as alive."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from service.records import RegisteredDispatcher
from service.storage import dispatchers
from service.storage.database import Database
from tests.support.stepped_clock import SteppedClock


def dispatcher(name: str, at: datetime, **resources: float) -> RegisteredDispatcher:
    return RegisteredDispatcher(name, "here", 1, 2, dict(resources), at, at)


def test_a_dispatcher_has_one_row_with_its_newest_state(
    sqlite_database: Database, stepped: SteppedClock
) -> None:
    first = dispatcher("a", stepped.now, cpus=1.0)
    second = dispatcher("a", stepped.now + timedelta(seconds=5), cpus=4.0)
    with sqlite_database.write() as session:
        for found in (first, second):
            dispatchers.put(session, found)
    with sqlite_database.read() as session:
        assert dispatchers.every(session) == [second]
        assert dispatchers.resources(session) == [{"cpus": 4.0}]
    with sqlite_database.write() as session:
        dispatchers.remove(session, "a")
        assert dispatchers.every(session) == []


@pytest.mark.parametrize(
    ("age_s", "is_alive"), [(0.0, True), (9.9, True), (10.1, False), (-9.9, True), (-10.1, False)]
)
def test_a_heartbeat_of_long_ago_or_of_the_future_keeps_no_one_alive(
    sqlite_database: Database, stepped: SteppedClock, age_s: float, is_alive: bool
) -> None:
    at = stepped.now - timedelta(seconds=age_s)
    with sqlite_database.write() as session:
        dispatchers.put(session, dispatcher("a", at))
        found = dispatchers.alive(session, within_s=10.0)
    assert bool(found) == is_alive


def test_the_silent_are_forgotten(sqlite_database: Database, stepped: SteppedClock) -> None:
    before = stepped.now - timedelta(seconds=1)
    with sqlite_database.write() as session:
        dispatchers.put(session, dispatcher("silent", before))
        dispatchers.put(session, dispatcher("alive", stepped.now))
        dispatchers.remove_silent(session, before)
        assert [found.id for found in dispatchers.every(session)] == ["alive"]
