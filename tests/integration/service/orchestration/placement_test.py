"""Trials in packs: the same search, a worker a pack, and no candidate that harms the others."""

from __future__ import annotations

from typing import Any

import pytest

from service.jobs import commands as use_cases
from service.jobs import leases
from service.orchestration import ask, issue, step
from service.orchestration.messages import Assignment, Ended, Ending, packs_of
from service.orchestration.step import open_run
from service.states import AttemptState, JobState, Phase, TrialState
from service.storage import trials
from service.storage.database import Database
from service.validation import parse
from tests.support.simulation import Simulation, counted_trials, trained


def body(width: int, **changes: Any) -> dict[str, Any]:
    return {
        "name": "photos",
        "task": {"kind": "denoising"},
        "density": {"bounds": [[0.0, 2.0]]},
        "samplers": ["direct_l", "tpe", {"name": "random", "batch_size": 5}],
        "controls": ["uniform", "flat"],
        "budget": {"n_trials": 12},
        "evaluation": {"n_seeds": 2},
        "resources": {"pack_width": width},
    } | changes


def submit(database: Database, spec: dict[str, Any]) -> int:
    return use_cases.submit(database, parse.parse(spec))[0].id


@pytest.mark.parametrize("n_workers", [1, 3])
def test_a_search_in_packs_is_the_same_search(database: Database, n_workers: int) -> None:
    found = []
    for width in (1, 4):
        job_id = submit(database, body(width))
        simulation = Simulation(database, n_workers, seed=width)
        (run,) = simulation.take()
        assert simulation.run(run).state is JobState.SUCCEEDED
        found.append(counted_trials(database, job_id))
    assert found[0] == found[1]


def test_a_worker_takes_a_pack_and_one_cancelled_harms_no_other(database: Database) -> None:
    job_id = submit(database, body(4, samplers=[{"name": "random", "batch_size": 12}]))
    simulation = Simulation(database, n_workers=2)
    (run,) = simulation.take()
    simulation.step(run, [])
    packs = packs_of(simulation.hand)
    assert [len(pack) for pack in packs] == [4, 4]
    simulation.step(run, [])
    assert len(simulation.hand) == 8  # a worker that is at a pack is not free
    first = simulation.hand.pop(0)
    cancelled = Ended(first.attempt_id, first.trial_id, Ending.CANCELLED)
    simulation.step(run, [cancelled])
    assert run.log.trials[first.trial_id].state is TrialState.WAITING
    assert simulation.run(run).state is JobState.SUCCEEDED
    with database.read() as session:
        assert all(t.state is TrialState.COMPLETED for t in trials.of_job(session, job_id))


def test_packs_wait_until_a_round_is_issued_as_a_whole(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask, "AT_ONCE", 2)
    monkeypatch.setattr(ask, "LONGEST_S", 0.0)
    monkeypatch.setattr(issue, "MOST_AT_ONCE", 1)
    spec = body(4, samplers=[{"name": "random", "batch_size": 12}], controls=[])
    submit(sqlite_database, spec)
    simulation = Simulation(sqlite_database, n_workers=2)
    (run,) = simulation.take()
    while not simulation.hand:
        simulation.step(run, [])
    assert [len(pack) for pack in packs_of(simulation.hand)] == [4, 4]
    assert simulation.run(run).state is JobState.SUCCEEDED


def _crashes_with(poison: int, packs: list[list[Assignment]]) -> list[Ended]:
    """What arrives where a worker dies of one candidate, and all of its pack with it."""
    said = []
    for pack in packs:
        is_dead = any(a.trial_id == poison for a in pack)
        for a in pack:
            crashed = Ended(a.attempt_id, a.trial_id, Ending.CRASHED, error="killed")
            said.append(crashed if is_dead else trained(a))
    return said


def test_one_candidate_that_kills_its_workers_takes_no_other_down(database: Database) -> None:
    job_id = submit(database, body(4, samplers=[{"name": "random", "batch_size": 12}]))
    me = Simulation(database).me
    (job,) = leases.claim(database, me, 60.0)
    run = open_run(database, job, max_attempts=1)
    said: list[Ended] = []
    poison = 0
    for _ in range(100):
        step.prepare(run)
        with database.write() as session:
            packs = packs_of(step.take(session, run, said, 2))
        poison = poison or packs[0][1].trial_id
        if run.job.state.is_final:
            break
        said = _crashes_with(poison, packs)
    assert run.job.state is JobState.SUCCEEDED
    with database.read() as session:
        found = {t.id: t for t in trials.of_job(session, job_id)}
        tries = {i: trials.attempts(session, i) for i in found}
    assert [i for i, t in found.items() if t.state is TrialState.FAILED] == [poison]
    search = [i for i, t in found.items() if t.phase is Phase.SEARCH]
    in_its_pack = [i for i in search if len(tries[i]) > 1]
    assert len(in_its_pack) == 4
    for i in in_its_pack:
        last = AttemptState.LOST if i == poison else AttemptState.COMPLETED
        assert [a.state for a in tries[i]] == [AttemptState.LOST, last]


def test_a_pack_in_hand_over_a_reopening_blames_nobody(database: Database) -> None:
    submit(database, body(4, samplers=[{"name": "random", "batch_size": 12}]))
    simulation = Simulation(database)
    (job,) = leases.claim(database, simulation.me, 60.0)
    simulation.step(open_run(database, job, max_attempts=1), [])
    in_hand = [a.attempt_id for a in simulation.hand]
    run = open_run(database, job, max_attempts=1, in_hand=in_hand)  # after a step that failed
    first = [a for a in simulation.hand if a.pack == simulation.hand[0].pack]
    died = [Ended(a.attempt_id, a.trial_id, Ending.CRASHED, error="killed") for a in first]
    simulation.hand = [a for a in simulation.hand if a not in first]
    simulation.step(run, list(died))
    assert {run.log.trials[a.trial_id].state for a in first} <= {
        TrialState.WAITING, TrialState.RUNNING
    }  # fmt: skip
    assert simulation.run(run).state is JobState.SUCCEEDED
    with database.read() as session:
        assert all(t.state is TrialState.COMPLETED for t in trials.of_job(session, job.id))
