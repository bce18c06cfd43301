"""Who holds a job: one dispatcher at a time, on both databases."""

from __future__ import annotations

import threading

import pytest

from service import jobs, leases
from service.errors import LeaseLostError
from service.storage import jobs as queries
from service.storage.database import Database
from tests.integration.service.storage_test import SPEC


def test_two_dispatchers_never_hold_the_same_job(database: Database) -> None:
    for _ in range(6):
        jobs.submit(database, SPEC)
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
    job, _ = jobs.submit(database, SPEC)
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
    jobs.submit(database, SPEC)
    me, other = (leases.register(database, 1, {}) for _ in range(2))
    leases.claim(database, me, lease_s=-1.0)
    leases.heartbeat(database, me, lease_s=60.0)
    assert leases.claim(database, other, 60.0) == []
    leases.resign(database, me)
    assert len(leases.claim(database, other, 60.0)) == 1
    assert [found.id for found in leases.alive(database, 60.0)] == [other.id]
