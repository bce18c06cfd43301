"""The dispatcher's loop on a real database, with workers that a test pretends."""

from __future__ import annotations

from service.jobs import commands as use_cases
from service.states import AttemptState
from service.storage import dispatchers, jobs, trials
from service.storage.database import Database
from tests.support.pretended_cluster import (
    PretendedCluster,
    job_of,
    submit,
    turn_until_ended,
)
from workers.dispatcher import Dispatcher


def test_workers_that_join_are_counted(
    sqlite_database: Database, dispatcher: Dispatcher, cluster: PretendedCluster
) -> None:
    dispatcher.turn()
    cluster.n_cpus = 6.0
    dispatcher.count_workers()
    dispatcher.turn()
    assert dispatcher.heartbeat.beat()
    with sqlite_database.read() as session:
        (me,) = dispatchers.alive(session, 60.0)
    assert (me.n_workers, me.resources["cpus"]) == (6, 6.0)


def test_a_dispatcher_that_slept_past_its_own_lease_keeps_its_workers(
    sqlite_database: Database, dispatcher: Dispatcher, cluster: PretendedCluster
) -> None:
    job_id = submit(sqlite_database)
    dispatcher.turn()
    held = set(cluster.hand)
    with sqlite_database.write() as session:  # the machine was suspended: nobody took the job
        job = jobs.get(session, job_id)
        jobs.renew(session, str(job.lease_owner), job.created_at)
    dispatcher.turn()
    assert job_of(sqlite_database, job_id).lease_fence == job.lease_fence + 1
    assert set(cluster.hand) == held
    turn_until_ended(dispatcher, cluster, sqlite_database, job_id)
    with sqlite_database.read() as session:
        found = [a for t in trials.of_job(session, job_id) for a in trials.attempts(session, t.id)]
    assert {a.state for a in found} == {AttemptState.COMPLETED}
    assert len(found) == 4


def test_a_job_paused_and_resumed_between_two_looks_goes_on(
    sqlite_database: Database, dispatcher: Dispatcher, cluster: PretendedCluster
) -> None:
    job_id = submit(sqlite_database, budget={"n_trials": 9})
    dispatcher.turn()
    dispatcher.turn(looks=True)
    use_cases.pause(sqlite_database, job_id)
    for assignment in cluster.in_hand().values():
        cluster.finish(assignment)
    dispatcher.turn(looks=False)  # its steps alone see the pause
    assert not cluster.hand
    use_cases.resume(sqlite_database, job_id)
    turn_until_ended(dispatcher, cluster, sqlite_database, job_id)
