"""Successive halving in whole jobs: what stops, what is told, and that nothing else decides it."""

from __future__ import annotations

import random
from typing import Any

import pytest

from densearch.sampler import Entry, StudyPlan
from service import samplers
from service.errors import InvalidSpecError
from service.jobs import reopen
from service.orchestration import ask
from service.orchestration.messages import Ending
from service.orchestration.run import Run
from service.records import Trial
from service.states import AttemptState, JobState, Phase, TrialState
from service.storage import jobs, trials
from service.storage.database import Database
from service.studies import halving, planning
from service.studies.halving import Member
from service.validation import parse
from tests.support.courses import found, of, shaken, untimed
from tests.support.jobs import run_whole, submit, training_job
from tests.support.simulation import Simulation, counted_trials, curve_of, forget, report_of

ROUND = 8
IN_ROUNDS = ("random", "cmaes")
WITH_ROUNDS = [
    info.name
    for info in samplers.catalogue()
    if info.is_installed and not info.capabilities.speculative
]


def halved(sampler: str = "random", **changes: Any) -> dict[str, Any]:
    body = {
        "samplers": [{"name": sampler, "batch_size": ROUND}],
        "controls": [],
        "training": {"epochs": 9},
        "budget": {"n_trials": 24},
        "pruning": {"rule": "halving", "eta": 3},
        "evaluation": {"n_seeds": 0},
    }
    return training_job(**(body | changes))


def simulate(database: Database, body: dict[str, Any], **settings: Any) -> tuple[Simulation, Run]:
    submit(database, body)
    simulation = Simulation(database, **settings)
    (run,) = simulation.take()
    simulation.run(run)
    return simulation, run


def searched(database: Database, job_id: int, name: str) -> list[Trial]:
    arms, every = found(database, job_id)
    mine = of([t for t in every if t.number is not None], arms[name], Phase.SEARCH)
    assert [trial.number for trial in mine] == list(range(len(mine)))
    return mine


@pytest.mark.parametrize("sampler", IN_ROUNDS)
def test_each_round_is_halved_by_its_whole_curves(sqlite_database: Database, sampler: str) -> None:
    """What a study tells is what the pure rule says of the curves of uncut trainings."""
    body = halved(sampler)
    simulation, run = simulate(sqlite_database, body, n_workers=3, seed=4)
    mine = searched(sqlite_database, run.job.id, sampler)
    size = planning.round_size_of(run.spec, run.studies[0].record, run.resolved.spaces)
    assert size == ROUND
    for start in range(0, 24, size):
        whole = [curve_of(t.payload) for t in mine[start : start + size]]
        expected = halving.standings([Member(9, curve, has_ended=True) for curve in whole], 3, 1)
        for trial, curve, standing in zip(mine[start:], whole, expected, strict=False):
            end = standing.stopped_after
            assert trial.curve == curve[:end]
            assert trial.value == curve[:end][-1]
            assert trial.state is (TrialState.COMPLETED if end is None else TrialState.PRUNED)
    states = [trial.state for trial in mine]
    assert states.count(TrialState.COMPLETED) == 3  # 8, 3, 1 of each round
    assert run.log.waiting.n_needed == 0
    # Without checkpoints what goes on begins again: 8 x 1, 3 x 3, 1 x 9 epochs a round.
    assert simulation.n_epochs == 3 * (8 + 9 + 9)


def test_a_trial_that_goes_on_is_one_trial_of_several_attempts(sqlite_database: Database) -> None:
    _, run = simulate(sqlite_database, halved(), n_workers=3)
    mine = searched(sqlite_database, run.job.id, "random")
    by_epochs = {1: 1, 3: 2, 9: 3}
    for trial in mine:
        assert trial.n_attempts == by_epochs[len(trial.curve or ())]
        with sqlite_database.read() as session:
            attempts = trials.attempts(session, trial.id)
        assert {attempt.state for attempt in attempts} == {AttemptState.COMPLETED}
        assert not any(attempt.is_late for attempt in attempts)
        assert trial.error is None
        assert trial.metrics == {"loss": trial.value}


@pytest.mark.parametrize("sampler", ["direct_l", "direct_l_rand"])
def test_direct_is_held_against_its_first_points(sqlite_database: Database, sampler: str) -> None:
    body = halved(sampler, samplers=[sampler])
    _, run = simulate(sqlite_database, body, n_workers=3)
    mine = searched(sqlite_database, run.job.id, sampler)
    n_first = 3  # in one dimension: the centre, and one division
    assert {t.state for t in mine[:n_first]} == {TrialState.COMPLETED}
    limits = halving.yardstick([t.curve or () for t in mine[:n_first]], 3, 1, 9)
    for trial in mine[n_first:]:
        whole = curve_of(trial.payload)
        end = next((e for e in (1, 3) if whole[e - 1] > limits[e - 1]), None)
        assert trial.curve == whole[:end]
    assert {t.state for t in mine[n_first:]} == {TrialState.COMPLETED, TrialState.PRUNED}


EVERYTHING = training_job(
    samplers=[
        "direct_l",
        {"name": "tpe", "batch_size": 5},
        {"name": "random", "batch_size": 4},
    ],
    controls=["flat", "density_tuned"],
    search={"epochs": {"low": 3, "high": 9, "integer": True}},
    training={"epochs": 9, "schedule": "cosine"},
    budget={"n_trials": 9},
    pruning={"rule": "halving", "eta": 2},
    evaluation={"n_seeds": 1},
)


def test_the_result_is_a_function_of_the_spec(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = run_whole(sqlite_database, EVERYTHING, n_workers=1)
    expected = counted_trials(sqlite_database, job_id), untimed(report_of(sqlite_database, job_id))
    assert {row[-1] for row in expected[0]} == {"COMPLETED", "PRUNED"}
    forget(sqlite_database, job_id)
    job_id = run_whole(sqlite_database, EVERYTHING, n_workers=64, seed=3)
    assert counted_trials(sqlite_database, job_id) == expected[0]
    assert untimed(report_of(sqlite_database, job_id)) == expected[1]
    forget(sqlite_database, job_id)
    monkeypatch.setattr(ask, "AT_ONCE", 3)  # they die between the parts of a round, too
    job_id = shaken(sqlite_database, EVERYTHING, n_workers=3, seed=12)
    assert counted_trials(sqlite_database, job_id) == expected[0]
    assert untimed(report_of(sqlite_database, job_id)) == expected[1]


def test_a_dispatcher_that_dies_while_trials_are_held_loses_no_rung(
    sqlite_database: Database,
) -> None:
    job_id = submit(sqlite_database, halved(budget={"n_trials": ROUND}))
    first = Simulation(sqlite_database, n_workers=ROUND)
    (run,) = first.take()
    first.step(run, [])
    for _ in range(ROUND - 2):
        first.step(run, [first.finish_one()])
    with sqlite_database.write() as session:
        jobs.release(session, jobs.get(session, job_id).lease_owner or "nobody")
    second = Simulation(sqlite_database, n_workers=ROUND)
    (run,) = second.take()
    assert len(run.log.waiting) == ROUND
    second.run(run)
    assert second.n_trained == 2 + 3 + 1  # those that were not at the first rung, then the others
    assert run.job.state is JobState.SUCCEEDED


def test_a_known_result_is_halved_like_any_other(sqlite_database: Database) -> None:
    """Full trainings of an earlier job are taken, and what is told is the same without them."""
    plain = run_whole(sqlite_database, halved())
    expected = counted_trials(sqlite_database, plain)
    forget(sqlite_database, plain)
    run_whole(sqlite_database, halved(pruning=None))
    simulation, run = simulate(sqlite_database, halved())
    assert simulation.n_trained == 0
    assert counted_trials(sqlite_database, run.job.id) == expected


def test_equal_trainings_reach_a_rung_together(sqlite_database: Database) -> None:
    """Five values of one setting and no others: most of a round are twins."""
    search = {"batch_size": {"low": 16, "high": 20, "integer": True}}
    body = halved(controls=[{"name": "uniform_tuned", "sampler": "random"}], search=search)
    body |= {"samplers": ["gradient", {"name": "random", "batch_size": ROUND}]}
    body |= {"density": {"bounds": [[1.0, 1.0 + 1e-9]]}}
    simulation, run = simulate(sqlite_database, body, n_workers=4)
    assert run.job.state is JobState.SUCCEEDED
    assert len(set(simulation.digests)) < len(simulation.digests)  # several attempts of each


def test_a_round_that_the_budget_cuts_short_is_trained_in_full(sqlite_database: Database) -> None:
    _, run = simulate(sqlite_database, halved(budget={"n_trials": ROUND + 5}), n_workers=2)
    mine = searched(sqlite_database, run.job.id, "random")
    assert {t.state for t in mine[ROUND:]} == {TrialState.COMPLETED}
    assert TrialState.PRUNED in {t.state for t in mine[:ROUND]}


@pytest.mark.parametrize("sampler", ["random", "cmaes"])
def test_an_extended_job_is_one_of_that_budget(sqlite_database: Database, sampler: str) -> None:
    body = halved(sampler, evaluation={"n_seeds": 2}, controls=["uniform"])
    whole = run_whole(sqlite_database, body | {"budget": {"n_trials": 2 * ROUND}})
    expected = counted_trials(sqlite_database, whole)
    forget(sqlite_database, whole)
    job_id = run_whole(sqlite_database, body | {"budget": {"n_trials": ROUND + 5}})
    reopen.extend(sqlite_database, job_id, 2 * ROUND)
    simulation = Simulation(sqlite_database)
    (run,) = simulation.take()
    simulation.run(run)
    assert counted_trials(sqlite_database, job_id) == expected


@pytest.mark.parametrize("sampler", ["random", "cmaes"])
def test_a_repaired_job_is_one_that_never_failed(sqlite_database: Database, sampler: str) -> None:
    """What was stopped beside a trial that had failed waits again: it may go on beside it."""
    body = halved(sampler)
    whole = run_whole(sqlite_database, body)
    expected = counted_trials(sqlite_database, whole)
    forget(sqlite_database, whole)
    chance = random.Random(5)
    job_id = submit(sqlite_database, body)
    simulation = Simulation(sqlite_database, n_workers=1)
    simulation.fails = set(range(4, 10)) | {chance.randrange(20, 30) for _ in range(3)}
    (run,) = simulation.take()
    simulation.run(run)
    assert any(t.state is TrialState.FAILED for t in run.log.trials.values())
    reopen.retry_failed(sqlite_database, job_id)
    again = Simulation(sqlite_database)
    (run,) = again.take()
    again.run(run)
    assert counted_trials(sqlite_database, job_id) == expected


def test_a_lost_attempt_between_rungs_keeps_the_rung(sqlite_database: Database) -> None:
    job_id = submit(sqlite_database, halved(budget={"n_trials": ROUND}))
    simulation = Simulation(sqlite_database, n_workers=2, ending=Ending.LOST)
    simulation.fails = {3, ROUND + 2}
    (run,) = simulation.take()
    simulation.run(run)
    assert run.job.state is JobState.SUCCEEDED
    plain = run_whole(sqlite_database, halved(name="again", budget={"n_trials": ROUND}))
    assert counted_trials(sqlite_database, job_id) == counted_trials(sqlite_database, plain)


@pytest.mark.parametrize("name", WITH_ROUNDS)
def test_a_round_is_issued_without_any_of_its_values(name: str) -> None:
    """Else its trials would wait at a rung for ever."""
    info = samplers.describe(name)
    sizes = [(1, 1), (3, 4)]
    if not info.capabilities.adaptive:  # at once more than they have open else
        sizes.append((2, 300))
    for dimension, batch_size in sizes:
        study = StudyPlan(dimension, 601, 1, batch_size=batch_size)
        size = samplers.round_size(name, study)
        log: list[Entry] = []
        sampler = samplers.create(name, study)
        while len(log) < size:
            proposals = sampler.plan(log).proposals
            assert proposals, (name, dimension, batch_size, size, len(log))
            log += [Entry(p.point, None, p.number) for p in proposals]
        # And each later round as soon as those before have values.
        told_to = len(log) // size * size
        log = [Entry(e.point, float(i), i) for i, e in enumerate(log[:told_to])]
        assert len(log) == size or not info.capabilities.adaptive


@pytest.mark.parametrize(
    ("changes", "place", "words"),
    [
        ({"pruning": {"rule": "halving", "eta": 1}}, "/pruning/eta", "greater than or equal to 2"),
        ({"pruning": {"rule": "halving", "eta": 2.5}}, "/pruning/eta", "valid integer"),
        ({"pruning": {"rule": "halving", "min_epochs": 0}}, "/pruning/min_epochs", "equal to 1"),
        ({"pruning": {"rule": "halving", "min_epochs": 9}}, "/pruning/min_epochs", "at most 8"),
        (
            {"pruning": {"rule": "halving", "warmup_epochs": 1}},
            "/pruning/warmup_epochs",
            "no such",
        ),
        ({"pruning": {"rule": "median", "eta": 3}}, "/pruning/eta", "no such field"),
        ({"pruning": {"eta": 3}}, "/pruning/eta", "no such field"),
        ({"pruning": {"rule": "asha"}}, "/pruning/rule", "'median', 'halving'"),
        ({"pruning": {"rule": ["halving"]}}, "/pruning/rule", "'median', 'halving'"),
        ({"pruning": "halving"}, "/pruning", "object"),
        ({"pruning": []}, "/pruning", "object"),
        ({"training": {"epochs": 1}}, "/pruning", "too few to stop one early"),
        (
            {"samplers": [{"name": "random", "batch_size": 1}]},
            "/pruning/rule",
            "random has rounds of 1",
        ),
        ({"budget": {"n_trials": 7}}, "/pruning/rule", "in a budget of 7 trials"),
        ({"samplers": ["gradient"]}, "/pruning/rule", "gradient has rounds of 1"),
    ],
)
def test_what_could_stop_nothing_is_refused_at_its_place(
    changes: dict[str, Any], place: str, words: str
) -> None:
    with pytest.raises(InvalidSpecError) as caught:
        parse.parse(halved() | changes)
    assert [fault.pointer for fault in caught.value.faults] == [place]
    assert words in caught.value.faults[0].detail


def test_a_job_is_halved_where_one_of_its_searches_can_be() -> None:
    assert parse.parse(halved(samplers=["gradient", "direct_l"])).pruning is not None
    assert parse.parse(halved() | {"pruning": {"rule": "halving", "min_epochs": 8}}).pruning


def test_rounds_of_a_stored_set_are_looked_at_once_it_is_known() -> None:
    """Until then nothing says what is searched."""
    task: dict[str, Any] = {"kind": "classification", "dataset": "stored:12"}
    alone = {"task": task, "samplers": [{"name": "random", "batch_size": 1}]}
    assert parse.parse(halved() | alone).pruning is not None
    task["data"] = {"n_dims": 2, "size_px": 8, "sha256": "0" * 64, "n_outputs": 2}
    with pytest.raises(InvalidSpecError, match="random has rounds of 1"):
        parse.parse(halved() | alone)


def test_a_density_of_other_bounds_is_refused_with_halving_too() -> None:
    density = {"family": "power", "bounds": [[0.1, 1.0]] * 9}
    with pytest.raises(InvalidSpecError) as caught:
        parse.parse(halved(samplers=["cmaes"]) | {"density": density})
    assert [fault.pointer for fault in caught.value.faults] == ["/density/bounds"]
