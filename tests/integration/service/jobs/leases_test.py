"""Who holds a job: one dispatcher at a time, on both databases."""

from __future__ import annotations

import threading

import pytest

from service.costs import calibrations
from service.errors import LeaseLostError
from service.jobs import commands, leases
from service.orchestration.limits import worked_s
from service.states import CalibrationState, JobState
from service.storage import calibrations as calibration_queries
from service.storage import jobs as queries
from service.storage.database import Database
from tests.support.stepped_clock import SteppedClock
from tests.support.stored_specs import SPEC


def test_two_dispatchers_never_hold_the_same_job(database: Database) -> None:
    for _ in range(6):
        commands.submit(database, SPEC)
    taken: dict[str, list[int]] = {}

    def work() -> None:
        me = leases.register(database, 1, {})
        found: list[int] = []
        for _ in range(5):
            found += [job.id for job in leases.claim(database, me, 60.0)]
        taken[me.id] = found

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    every = [job_id for found in taken.values() for job_id in found]
    assert len(every) == len(set(every)) == 6


def test_a_silent_dispatcher_loses_its_jobs_and_its_writes_are_refused(
    database: Database,
) -> None:
    job, _ = commands.submit(database, SPEC)
    slow, quick = (leases.register(database, 1, {}) for _ in range(2))
    (first,) = leases.claim(database, slow, lease_s=-1.0)  # already run out
    (second,) = leases.claim(database, quick, lease_s=60.0)
    assert (first.id, second.id) == (job.id, job.id)
    assert second.lease_fence == first.lease_fence + 1
    with database.write() as session, pytest.raises(LeaseLostError):
        queries.lock_leased(session, first)
    with database.write() as session:
        queries.lock_leased(session, second)


def test_a_heartbeat_keeps_the_lease(database: Database) -> None:
    commands.submit(database, SPEC)
    me, other = (leases.register(database, 1, {}) for _ in range(2))
    leases.claim(database, me, lease_s=-1.0)
    leases.heartbeat(database, me, lease_s=60.0)
    assert leases.claim(database, other, 60.0) == []
    leases.resign(database, me)
    assert len(leases.claim(database, other, 60.0)) == 1
    assert [found.id for found in leases.alive(database, 60.0)] == [other.id]


@pytest.mark.parametrize("step_s", [-3600.0, 3600.0])
def test_a_dead_dispatchers_jobs_are_free_after_the_clock_was_set(
    sqlite_database: Database, stepped: SteppedClock, step_s: float
) -> None:
    commands.submit(sqlite_database, SPEC)
    dead, other = (leases.register(sqlite_database, 1, {}) for _ in range(2))
    leases.claim(sqlite_database, dead, 15.0)
    assert leases.claim(sqlite_database, other, 15.0) == []
    stepped.step(step_s)
    with sqlite_database.read() as session:
        assert [standing.is_claimable for standing in queries.standings(session)] == [True]
    assert len(leases.claim(sqlite_database, other, 15.0)) == 1


def test_a_living_dispatcher_keeps_its_jobs_after_the_clock_was_set_back(
    sqlite_database: Database, stepped: SteppedClock
) -> None:
    commands.submit(sqlite_database, SPEC)
    me, other = (leases.register(sqlite_database, 1, {}) for _ in range(2))
    leases.claim(sqlite_database, me, 15.0)
    stepped.step(-3600.0)
    leases.heartbeat(sqlite_database, me, 15.0)
    assert leases.claim(sqlite_database, other, 15.0) == []


def test_a_heartbeat_of_the_future_keeps_nobody_alive(
    sqlite_database: Database, stepped: SteppedClock
) -> None:
    leases.register(sqlite_database, 1, {})
    assert len(leases.alive(sqlite_database, 15.0)) == 1
    stepped.step(-3600.0)
    assert leases.alive(sqlite_database, 15.0) == []


def test_a_measurement_of_a_dead_dispatcher_is_free_after_the_clock_was_set_back(
    sqlite_database: Database, stepped: SteppedClock
) -> None:
    dead, other = (leases.register(sqlite_database, 1, {}) for _ in range(2))
    with sqlite_database.write() as session:
        calibration_queries.put(
            session,
            "key",
            calibration_queries.MEASURED,
            state=CalibrationState.WAITING,
            device="cpu",
            cpus=1.0,
            gpus=0.0,
            widths=[1],
            created_at=stepped.now,
        )
    waiting = calibrations.next_open(sqlite_database)
    assert waiting is not None
    assert calibrations.take(sqlite_database, waiting, dead, 15.0)
    assert calibrations.next_open(sqlite_database) is None
    assert not calibrations.take(sqlite_database, waiting, other, 1.0)
    stepped.step(-3600.0)
    assert calibrations.take(sqlite_database, waiting, other, 15.0)


def test_on_postgresql_the_clocks_of_machines_do_not_count(
    postgresql_database: Database, stepped: SteppedClock
) -> None:
    commands.submit(postgresql_database, SPEC)
    me, other = (leases.register(postgresql_database, 1, {}) for _ in range(2))
    leases.claim(postgresql_database, me, 15.0)
    for step_s in (3600.0, -7200.0):
        stepped.step(step_s)
        assert leases.claim(postgresql_database, other, 15.0) == []
        assert len(leases.alive(postgresql_database, 15.0)) == 2


def test_time_that_ran_backwards_is_not_counted_as_work(
    sqlite_database: Database, stepped: SteppedClock
) -> None:
    job, _ = commands.submit(sqlite_database, SPEC)
    with sqlite_database.write() as session:
        queries.set_state(session, job.id, JobState.RUNNING)
    stepped.step(-3600.0)
    with sqlite_database.read() as session:
        assert worked_s(queries.get(session, job.id), stepped.now) == 0.0
    with sqlite_database.write() as session:
        assert queries.set_state(session, job.id, JobState.PAUSED).worked_s == 0.0


def test_who_holds_the_lock_of_a_sqlite_file_waits_for_no_lease(database: Database) -> None:
    commands.submit(database, SPEC)
    dead = leases.register(database, 1, {})
    leases.claim(database, dead, 60.0)
    leases.release_dead(database)
    other = leases.register(database, 1, {})
    if database.is_sqlite:
        assert len(leases.claim(database, other, 60.0)) == 1
        assert [found.id for found in leases.alive(database, 60.0)] == [other.id]
    else:  # others may live
        assert leases.claim(database, other, 60.0) == []


def test_a_longer_lease_than_ours_is_respected(database: Database) -> None:
    commands.submit(database, SPEC)
    patient, hasty = (leases.register(database, 1, {}) for _ in range(2))
    leases.heartbeat(database, patient, 900.0)
    assert len(leases.claim(database, patient, 900.0)) == 1
    assert leases.claim(database, hasty, 1.0) == []
    with database.read() as session:
        assert [standing.is_claimable for standing in queries.standings(session)] == [False]
