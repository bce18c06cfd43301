"""What users do to jobs: submit, clone, pause, resume, cancel."""

from __future__ import annotations

import pytest

from service.errors import IllegalTransitionError, InvalidSpecError, LeaseLostError
from service.jobs import commands as use_cases
from service.jobs import leases
from service.states import JobState, TrialState
from service.storage import events, jobs, trials
from service.storage.database import Database
from service.validation import parse
from tests.support.jobs import function_job, run_whole, submit, training_job
from tests.support.simulation import Simulation


def test_a_clone_follows_the_method_of_its_job_unless_it_asks_for_another(
    sqlite_database: Database,
) -> None:
    first = submit(sqlite_database, training_job(method=1))
    clones = [use_cases.clone(sqlite_database, first, c) for c in ({}, {"method": 2})]
    assert ["method" in clone.spec for clone in clones] == [False, True]
    assert use_cases.clone(sqlite_database, clones[1].id, {}).spec["method"] == 2


def test_a_clone_has_the_validation_seeds_of_its_job(sqlite_database: Database) -> None:
    """Not those that a submission without the field has, where a learning rate is searched."""
    tuned = training_job(controls=["uniform_tuned"], validation_seeds=1)
    by_default = {name: value for name, value in tuned.items() if name != "validation_seeds"}
    assert parse.parse(by_default).validation_seeds == 3
    first = submit(sqlite_database, tuned)
    clones = [use_cases.clone(sqlite_database, first, c) for c in ({}, {"validation_seeds": None})]
    assert [parse.stored(clone.spec).validation_seeds for clone in clones] == [1, 3]
    again = use_cases.clone(sqlite_database, clones[1].id, {"seed": 1})
    assert parse.stored(again.spec).validation_seeds == 3


def test_a_clone_is_a_new_job_from_the_old_spec(database: Database) -> None:
    job_id = run_whole(database, training_job())
    clone = use_cases.clone(database, job_id, {"name": "again", "budget": {"n_trials": 4}})
    with database.read() as session:
        old = jobs.get(session, job_id)
    assert clone.id != job_id
    assert clone.spec == old.spec | {"name": "again", "budget": clone.spec["budget"]}
    assert clone.spec["budget"]["n_trials"] == 4
    # null takes a field away, and with it what was filled in for it.
    wider = {"network": {"kernel_size": 5}, "density": {"bounds": None}}
    other = use_cases.clone(database, job_id, wider)
    assert len(other.spec["density"]["bounds"]) == 2
    with pytest.raises(InvalidSpecError) as caught:
        use_cases.clone(database, job_id, {"network": {"kernel_size": 5}})
    assert caught.value.faults[0].pointer == "/density/bounds"


def states_of(database: Database, job_id: int) -> list[str]:
    with database.read() as session:
        return [event.data["state"] for event in events.after(session, job_id, 0, 99)]


def test_an_order_that_is_repeated_changes_nothing(database: Database) -> None:
    job_id = submit(database, function_job())
    for order in (use_cases.pause, use_cases.pause, use_cases.resume, use_cases.resume):
        order(database, job_id)
    for _ in range(2):
        assert use_cases.cancel(database, job_id).state is JobState.CANCELLED
    assert states_of(database, job_id) == ["QUEUED", "PAUSED", "RUNNING", "CANCELLED"]
    for order in (use_cases.pause, use_cases.resume):
        with pytest.raises(IllegalTransitionError):
            order(database, job_id)


def test_a_name_that_terminals_cannot_show_is_refused_and_old_ones_stay_readable(
    sqlite_database: Database,
) -> None:
    spec = parse.parse(function_job(name="a\u202eb"))
    with pytest.raises(InvalidSpecError) as refused:
        use_cases.submit(sqlite_database, spec)
    assert [fault.pointer for fault in refused.value.faults] == ["/name"]


def test_a_dispatcher_fails_a_job_with_its_open_trials(sqlite_database: Database) -> None:
    submit(sqlite_database, function_job())
    simulation = Simulation(sqlite_database)
    (run,) = simulation.take()
    simulation.step(run, [])
    use_cases.fail(sqlite_database, run.job, ZeroDivisionError("division by zero"))
    with sqlite_database.read() as session:
        job = jobs.get(session, run.job.id)
        states = {trial.state for trial in trials.of_job(session, job.id)}
    assert (job.state, states) == (JobState.FAILED, {TrialState.CANCELLED})
    assert job.error == {"title": "ZeroDivisionError", "detail": "division by zero"}


def test_a_job_that_ended_meanwhile_or_was_lost_is_not_failed(sqlite_database: Database) -> None:
    first, second = (submit(sqlite_database, function_job(seed=seed)) for seed in (1, 2))
    simulation = Simulation(sqlite_database)
    held = {run.job.id: run.job for run in simulation.take()}
    use_cases.cancel(sqlite_database, first)
    use_cases.fail(sqlite_database, held[first], ZeroDivisionError())
    leases.resign(sqlite_database, simulation.me)
    with pytest.raises(LeaseLostError):
        use_cases.fail(sqlite_database, held[second], ZeroDivisionError())
    with sqlite_database.read() as session:
        states = [jobs.get(session, job_id).state for job_id in (first, second)]
    assert states == [JobState.CANCELLED, JobState.QUEUED]
