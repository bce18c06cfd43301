"""Stored costs of trainings: one row a key and source, one dispatcher a measurement."""

from __future__ import annotations

from typing import Any

import pytest

from service.records import Calibration
from service.states import CalibrationState
from service.storage import calibrations
from service.storage.calibrations import MEASURED, OBSERVED
from service.storage.database import Database
from tests.support.stepped_clock import SteppedClock

WAITING, RUNNING, DONE = CalibrationState.WAITING, CalibrationState.RUNNING, CalibrationState.DONE


def put(
    database: Database, stepped: SteppedClock, key: str, source: str = MEASURED, **changes: Any
) -> Calibration:
    values: dict[str, Any] = {
        "state": WAITING, "device": "cpu", "cpus": 1.0, "gpus": 0.0, "widths": [1],
        "created_at": stepped.now,
    }  # fmt: skip
    with database.write() as session:
        return calibrations.put(session, key, source, **values | changes)


def open_keys(database: Database) -> list[str]:
    with database.read() as session:
        return [found.key for found in calibrations.open_ones(session)]


def test_a_key_has_one_row_for_each_source(database: Database, stepped: SteppedClock) -> None:
    first = put(database, stepped, "a")
    again = put(database, stepped, "a", widths=[1, 4])
    observed = put(database, stepped, "a", OBSERVED, state=DONE)
    put(database, stepped, "b")
    assert (again.id, again.widths) == (first.id, [1, 4])
    with database.read() as session:
        found = calibrations.find(session, ["a", "a", "none"])
        assert calibrations.count_unfinished(session) == 2
    assert {each.id for each in found} == {first.id, observed.id}


def test_the_oldest_is_open_first_until_a_dispatcher_takes_it(
    sqlite_database: Database, stepped: SteppedClock
) -> None:
    first = put(sqlite_database, stepped, "a")
    put(sqlite_database, stepped, "b")
    put(sqlite_database, stepped, "c", state=DONE)
    assert open_keys(sqlite_database) == ["a", "b"]
    for owner, is_first in (("one", True), ("two", False)):
        with sqlite_database.write() as session:
            assert calibrations.claim(session, first.id, owner, 60.0) is is_first
    assert open_keys(sqlite_database) == ["b"]


def test_a_measurement_whose_dispatcher_fell_silent_is_open_again(
    sqlite_database: Database, stepped: SteppedClock
) -> None:
    found = put(sqlite_database, stepped, "a")
    with sqlite_database.write() as session:
        calibrations.claim(session, found.id, "one", 10.0)
    stepped.step(11.0)
    assert open_keys(sqlite_database) == ["a"]
    with sqlite_database.write() as session:
        assert calibrations.claim(session, found.id, "two", 10.0)
        assert not calibrations.change(session, found.id, "one", state=DONE)
        assert calibrations.change(session, found.id, "two", state=DONE)
    assert open_keys(sqlite_database) == []


def test_what_a_dispatcher_gives_back_is_open_at_once(
    sqlite_database: Database, stepped: SteppedClock
) -> None:
    first, second = put(sqlite_database, stepped, "a"), put(sqlite_database, stepped, "b")
    with sqlite_database.write() as session:
        calibrations.claim(session, first.id, "one", 10.0)
        calibrations.claim(session, second.id, "two", 10.0)
        calibrations.release(session, "one")
    assert open_keys(sqlite_database) == ["a"]


@pytest.mark.parametrize("at_s", [(1.0, 2.0), (2.0, 1.0)])  # the clock may step back
def test_the_latest_changes_with_every_measurement(
    sqlite_database: Database, stepped: SteppedClock, at_s: tuple[float, float]
) -> None:
    with sqlite_database.read() as session:
        assert calibrations.latest(session) == (None, 0)
    seen = set()
    start = stepped.now
    for key, seconds in zip("ab", at_s, strict=True):
        stepped.now = start
        stepped.step(seconds)
        put(sqlite_database, stepped, key, state=DONE, measured_at=stepped.now)
        with sqlite_database.read() as session:
            seen.add(calibrations.latest(session))
    assert len(seen) == 2
