"""A dispatcher's steps: when one is due, what it starts and cancels, and why a job waits."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.jobs import commands as use_cases
from service.jobs.artifact_files import FOLDER
from service.orchestration import step
from service.orchestration.messages import Ended, Ending
from service.states import TrialState
from service.storage import trials
from service.storage.database import Database
from service.validation import parse
from tests.support.pretended_cluster import (
    PretendedCluster,
    job_of,
    submit,
    turn_until_ended,
)
from workers.dispatcher import Dispatcher
from workers.stepper import CROWDED


def test_a_paused_job_costs_no_transaction(
    sqlite_database: Database,
    dispatcher: Dispatcher,
    cluster: PretendedCluster,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job_id = submit(sqlite_database)
    dispatcher.turn()
    use_cases.pause(sqlite_database, job_id)
    for assignment in cluster.in_hand().values():
        cluster.finish(assignment)
    for _ in range(3):
        dispatcher.turn()
    monkeypatch.setattr(step, "take", None)
    for _ in range(3):
        dispatcher.turn()
    monkeypatch.undo()
    use_cases.resume(sqlite_database, job_id)
    turn_until_ended(dispatcher, cluster, sqlite_database, job_id)


def test_a_job_says_why_it_waits_after_workers_left_and_after_a_pause(
    sqlite_database: Database, dispatcher: Dispatcher, cluster: PretendedCluster
) -> None:
    job_id = submit(sqlite_database)
    dispatcher.turn()
    lost = [(a, Ended(a.attempt_id, a.trial_id, Ending.LOST)) for a in cluster.hand.values()]
    cluster.messages = [(assignment, (ended, None)) for assignment, ended in lost]
    cluster.n_free = lambda *_: 0  # type: ignore[method-assign] # the node that died still counts
    dispatcher.turn()
    cluster.n_cpus = 0.0
    dispatcher.count_workers()
    dispatcher.turn()
    assert job_of(sqlite_database, job_id).waits_for == "a trial needs 1 CPUs"
    use_cases.pause(sqlite_database, job_id)
    dispatcher.turn(looks=True)
    use_cases.resume(sqlite_database, job_id)
    dispatcher.turn(looks=True)
    assert job_of(sqlite_database, job_id).waits_for == "a trial needs 1 CPUs"
    use_cases.pause(sqlite_database, job_id)
    use_cases.resume(sqlite_database, job_id)  # between two looks
    dispatcher.turn(looks=True)
    assert job_of(sqlite_database, job_id).waits_for == "a trial needs 1 CPUs"


def test_a_job_waits_while_the_memory_of_its_node_is_full_and_says_so(
    sqlite_database: Database, dispatcher: Dispatcher, cluster: PretendedCluster
) -> None:
    job_id = submit(sqlite_database)
    dispatcher.turn()
    lost = [(a, Ended(a.attempt_id, a.trial_id, Ending.LOST)) for a in cluster.hand.values()]
    cluster.messages = [(assignment, (ended, None)) for assignment, ended in lost]
    cluster.withheld = 2
    dispatcher.turn()
    assert job_of(sqlite_database, job_id).waits_for == CROWDED
    assert not cluster.hand
    cluster.withheld = 1
    dispatcher.turn()
    assert len(cluster.hand) == 1
    assert job_of(sqlite_database, job_id).waits_for is None


def test_late_weights_are_not_kept(
    sqlite_database: Database, dispatcher: Dispatcher, cluster: PretendedCluster, tmp_path: Path
) -> None:
    job_id = submit(sqlite_database)
    dispatcher.turn()
    use_cases.cancel(sqlite_database, job_id)
    dispatcher.turn()
    assert cluster.cancelled == set(cluster.hand)
    for assignment in cluster.in_hand().values():
        ended = Ended(assignment.attempt_id, assignment.trial_id, Ending.COMPLETED, value=1.0)
        cluster.messages.append((assignment, (ended, b"weights")))
    dispatcher.turn()
    assert not dispatcher.inbox.has(job_id)
    assert not [path for path in (tmp_path / FOLDER).iterdir() if path.name[0] != "."]
    with sqlite_database.read() as session:
        found = [a for t in trials.of_job(session, job_id) for a in trials.attempts(session, t.id)]
    assert [a.is_late for a in found] == [True, True]


def test_idle_workers_run_ahead_unless_another_job_waits(
    sqlite_database: Database, dispatcher: Dispatcher, cluster: PretendedCluster
) -> None:
    direct = {"name": "a", "task": {"kind": "function", "name": "branin", "dimension": 2},
              "samplers": ["direct_l"], "budget": {"n_trials": 40}}  # fmt: skip
    first = use_cases.submit(sqlite_database, parse.parse(direct))[0].id
    cluster.n_cpus = 8.0
    dispatcher.turn()

    def guesses() -> int:
        with sqlite_database.read() as session:
            return sum(t.certainty != "certain" for t in trials.of_job(session, first))

    assert guesses() == 3  # in addition to the five that are certain
    other = {"name": "b", "task": {"kind": "function", "name": "sphere", "dimension": 2},
             "samplers": ["random"], "budget": {"n_trials": 90}}  # fmt: skip
    second = use_cases.submit(sqlite_database, parse.parse(other))[0].id
    dispatcher.turn(looks=True)
    n_before = guesses()
    for _ in range(5):  # while the other job has trials that count, none is run ahead
        cluster.finish(next(a for a in cluster.in_hand().values()))
        dispatcher.turn()
    assert guesses() == n_before
    use_cases.cancel(sqlite_database, second)
    wide = other | {"resources": {"cpus_per_trial": 9}}
    use_cases.submit(sqlite_database, parse.parse(wide))  # no worker can ever have its trials
    turn_until_ended(dispatcher, cluster, sqlite_database, first)
    assert guesses() > n_before


def test_what_was_run_ahead_is_given_up_with_the_search(
    sqlite_database: Database, dispatcher: Dispatcher, cluster: PretendedCluster
) -> None:
    cluster.n_cpus = 16.0
    spec = {"name": "a", "task": {"kind": "function", "name": "branin", "dimension": 2},
            "samplers": ["direct_l", "random"], "budget": {"n_trials": 9}}  # fmt: skip
    job_id = use_cases.submit(sqlite_database, parse.parse(spec))[0].id
    dispatcher.turn()
    for _ in range(100):
        if job_of(sqlite_database, job_id).state.is_final:
            break
        with sqlite_database.read() as session:
            found = {t.id: t for t in trials.of_job(session, job_id)}
        hand = list(cluster.in_hand().values())
        certain = [a for a in hand if found[a.trial_id].certainty == "certain"]
        cluster.finish((certain or hand)[0])
        dispatcher.turn()
    with sqlite_database.read() as session:
        ahead = [t for t in trials.of_job(session, job_id) if t.certainty != "certain"]
    given_up = [t for t in ahead if t.state is TrialState.CANCELLED]
    assert given_up
    assert cluster.cancelled
