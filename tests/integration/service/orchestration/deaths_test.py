"""Trials that kill their worker or node: they alone are FAILED."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest

from service.jobs import commands as use_cases
from service.jobs import leases
from service.orchestration import step
from service.orchestration.messages import Assignment, Ended, Ending, Update, packs_of
from service.orchestration.run import Run
from service.orchestration.step import open_run
from service.records import RegisteredDispatcher
from service.states import AttemptState, JobState, TrialState
from service.storage import trials
from service.storage.database import Database
from service.validation import parse
from tests.support.simulation import counted_trials, trained

MAX_ATTEMPTS = 3


def submit(database: Database, n_trials: int = 12) -> int:
    body = {
        "name": "sphere",
        "task": {"kind": "function", "name": "sphere", "dimension": 2},
        "samplers": [{"name": "random", "batch_size": 6}],
        "budget": {"n_trials": n_trials},
    }
    return use_cases.submit(database, parse.parse(body))[0].id


@dataclass
class Node:
    """A node of `n_workers`, on which some trials are poisonous.

    Attributes:
        whole: Whether poison kills the node with all trials on it, or its own worker alone.
        n_alone: How often each trial was run alone.
    """

    database: Database
    n_workers: int
    whole: bool = True
    poison: set[int] = field(default_factory=set)
    hand: list[Assignment] = field(default_factory=list)
    n_alone: dict[int, int] = field(default_factory=dict)

    def take(self) -> Run:
        me = leases.register(self.database, self.n_workers, {"cpus": float(self.n_workers)})
        (job,) = leases.claim(self.database, me, 60.0)
        return open_run(self.database, job, max_attempts=MAX_ATTEMPTS)

    def step(self, run: Run, updates: list[Update]) -> None:
        # As workers.cluster does it: who runs alone waits until the others have ended.
        is_held = any(a.is_alone for a in self.hand)
        n_free = 0 if is_held else self.n_workers - len(packs_of(self.hand))
        step.prepare(run)
        with self.database.write() as session:
            found = step.take(session, run, updates, n_free)
        self.hand += found
        for assignment in found:
            if assignment.is_alone:
                self.n_alone[assignment.trial_id] = self.n_alone.get(assignment.trial_id, 0) + 1

    def at_work(self) -> list[Assignment]:
        """Return the assignments that run: those alone one by one, after the others."""
        crowd = [a for a in self.hand if not a.is_alone]
        return crowd or self.hand[:1]

    def go_on(self) -> list[Update]:
        """Run one event: a poisonous trial's death, or a trial's end."""
        running = self.at_work()
        bad = next((a for a in running if a.trial_id in self.poison), None)
        if bad is None:
            self.hand.remove(running[0])
            return [trained(running[0])]
        dead = running if self.whole else [bad]
        self.hand = [a for a in self.hand if a not in dead]
        return [died(a) for a in dead]


def died(assignment: Assignment, ending: Ending = Ending.CRASHED) -> Ended:
    return Ended(assignment.attempt_id, assignment.trial_id, ending, error="its worker died")


@pytest.mark.parametrize("whole", [False, True], ids=["worker", "node"])
@pytest.mark.parametrize("n_workers", [1, 2, 5])
def test_a_poisonous_trial_fails_alone(database: Database, n_workers: int, *, whole: bool) -> None:
    job_id = submit(database)
    node = Node(database, n_workers, whole)
    run = node.take()
    node.step(run, [])
    first = node.hand[0].trial_id
    node.poison = {first, first + 3}
    updates: list[Update] = []
    for _ in range(500):
        updates = node.go_on() if node.hand else []
        node.step(run, updates)
        if run.job.state.is_final:
            break
    assert run.job.state is JobState.SUCCEEDED
    with database.read() as session:
        found = trials.of_job(session, job_id)
        tries = {t.id: trials.attempts(session, t.id) for t in found}
    failed = {t.id: t for t in found if t.state is TrialState.FAILED}
    assert failed.keys() == node.poison
    assert {t.state for t in found if t.id not in failed} == {TrialState.COMPLETED}
    for trial in failed.values():
        assert node.n_alone[trial.id] == MAX_ATTEMPTS
        assert len(tries[trial.id]) == 2 * MAX_ATTEMPTS  # at any number of workers
        assert {a.state for a in tries[trial.id]} == {AttemptState.LOST}
        assert trial.error is not None
        assert "3 of these by a death while the trial was alone" in trial.error["detail"]


def test_counts_outlive_dispatchers_and_dispatchers_do_not_count(database: Database) -> None:
    """A trial that takes the dispatcher's own node down would go on for ever otherwise."""
    job_id = submit(database, n_trials=2)
    for n_tries in range(50):
        node = Node(database, 1)
        run = node.take()
        node.step(run, [])
        if not node.hand:
            break
        if n_tries % 2:  # every other dispatcher is killed before it can record anything
            node.step(run, [died(node.hand.pop(0))])
        leases.resign(database, run_owner(run))
        if run.job.state.is_final:
            break
    with database.read() as session:
        found = trials.of_job(session, job_id)
        tries = [len(trials.attempts(session, t.id)) for t in found]
    assert {t.state for t in found} == {TrialState.FAILED}
    assert all(n > 2 * MAX_ATTEMPTS for n in tries)  # those of killed dispatchers came on top


def run_owner(run: Run) -> RegisteredDispatcher:
    return RegisteredDispatcher(
        id=str(run.job.lease_owner), host="", pid=0, n_workers=1, resources={},
        started_at=run.job.created_at, heartbeat_at=run.job.created_at,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_kills_at_random_change_nothing(sqlite_database: Database, seed: int) -> None:
    quiet = submit(sqlite_database)
    node = Node(sqlite_database, 2)
    run = node.take()
    updates: list[Update] = []
    while not run.job.state.is_final:
        node.step(run, updates)
        updates = node.go_on() if node.hand else []
    expected = counted_trials(sqlite_database, quiet)
    with sqlite_database.write() as session:
        rows = [{"id": t.id, "digest": f"forgotten-{t.id}"} for t in trials.of_job(session, quiet)]
        trials.change(session, rows)
    job_id = submit(sqlite_database)
    chance = random.Random(seed)
    run, updates, n_kills = node.take(), [], 0
    while not run.job.state.is_final:
        node.step(run, updates)
        updates = []
        if node.hand and chance.random() < 0.4:
            n_kills += 1
            victim = chance.choice(node.at_work())
            node.hand.remove(victim)
            ending = chance.choice([Ending.CRASHED, Ending.LOST])
            updates = [died(victim, ending)]
        elif node.hand:
            updates = node.go_on()
    assert n_kills > 2
    assert counted_trials(sqlite_database, job_id) == expected
