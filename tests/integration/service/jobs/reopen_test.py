"""Going on with jobs that have ended: extended, cloned, tried again, started from densities."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import pytest

from densearch.sampler import Entry, Plan, Proposal, StudyPlan
from service import samplers
from service.errors import (
    AskingFailedError,
    IllegalTransitionError,
    InvalidSpecError,
    NothingToRetryError,
)
from service.jobs import commands as use_cases
from service.jobs import leases, reopen
from service.orchestration.messages import Update
from service.orchestration.step import open_run
from service.records import Job
from service.states import JobState, Phase, TrialState
from service.storage import densities, jobs, trials
from service.storage.database import Database
from tests.support.courses import EVERYTHING, found, untimed
from tests.support.jobs import function_job, run_whole, submit, training_job
from tests.support.reopened import go_on
from tests.support.simulation import Simulation, counted_trials, forget, report_of

FUNCTION = function_job(
    samplers=["direct_l", "direct_l_rand", "direct_l_model", "tpe", "cmaes", "random", "qmc"]
)


@pytest.mark.parametrize("body", [FUNCTION, EVERYTHING], ids=["function", "everything"])
def test_an_extended_job_is_the_one_with_that_budget_from_the_start(
    sqlite_database: Database, body: dict[str, object]
) -> None:
    # 6 of 4 a round: the last round was cut, and is completed first.
    short = run_whole(sqlite_database, body | {"budget": {"n_trials": 6}}, seed=1)
    reopen.extend(sqlite_database, short, 15)
    go_on(sqlite_database)
    extended = counted_trials(sqlite_database, short), untimed(report_of(sqlite_database, short))
    forget(sqlite_database, short)
    whole = run_whole(sqlite_database, body | {"budget": {"n_trials": 15}}, seed=2)
    assert extended[0] == counted_trials(sqlite_database, whole)
    expected = untimed(report_of(sqlite_database, whole))
    assert extended[1]["verdict"] == expected["verdict"]
    assert extended[1]["arms"] == expected["arms"]


def test_extending_trains_only_what_is_new(database: Database) -> None:
    job_id = run_whole(database, training_job(samplers=["direct_l"]))
    job = reopen.extend(database, job_id, 15)
    assert (job.state, job.report, job.finished_at) == (JobState.QUEUED, None, None)
    simulation = go_on(database)
    _, every = found(database, job_id)
    digests = [t.digest for t in every if t.phase is not Phase.SUPERSEDED]
    n_new = len({t.digest for t in every if t.id > max(t.id for t in every) - len(digests)})
    assert simulation.n_trained <= n_new
    assert len(simulation.digests) == len(set(simulation.digests))
    with database.read() as session:
        rows = densities.evaluations(session, job_id)
    assert len(rows) == 5 * 2  # those of the first end are gone


def test_bobyqa_goes_on_locally_when_it_is_extended(sqlite_database: Database) -> None:
    body = function_job(samplers=["direct_l_bobyqa"])
    job_id = run_whole(sqlite_database, body)
    before = counted_trials(sqlite_database, job_id)
    reopen.extend(sqlite_database, job_id, 30)
    go_on(sqlite_database)
    after = counted_trials(sqlite_database, job_id)
    assert after[: len(before)] == before
    assert len(after) == 30


@pytest.mark.parametrize(
    ("n_trials", "words"), [(20, "above the present budget, 20"), (10**9, "at most 100000")]
)
def test_a_budget_that_does_not_grow_is_refused(
    sqlite_database: Database, n_trials: int, words: str
) -> None:
    job_id = run_whole(sqlite_database, function_job(samplers=["random"]))
    with pytest.raises(InvalidSpecError, match=words) as caught:
        reopen.extend(sqlite_database, job_id, n_trials)
    assert caught.value.faults[0].pointer == "/n_trials"
    with sqlite_database.read() as session:
        assert jobs.get(session, job_id).state is JobState.SUCCEEDED


def test_only_a_job_that_has_succeeded_is_extended(sqlite_database: Database) -> None:
    job_id = submit(sqlite_database, function_job())
    with pytest.raises(IllegalTransitionError, match="only one that SUCCEEDED"):
        reopen.extend(sqlite_database, job_id, 100)
    use_cases.cancel(sqlite_database, job_id)
    with pytest.raises(IllegalTransitionError):
        reopen.extend(sqlite_database, job_id, 100)
    with pytest.raises(IllegalTransitionError):
        reopen.retry_failed(sqlite_database, job_id)


def test_a_stopped_study_is_not_extended(sqlite_database: Database) -> None:
    body = function_job(
        task={"kind": "function", "name": "sphere", "dimension": 1},
        samplers=["direct_l"],
        budget={"n_trials": 100, "stop_below_noise": 1.0},
    )
    job_id = run_whole(sqlite_database, body)
    with pytest.raises(InvalidSpecError, match="clone the job without stop_below_noise"):
        reopen.extend(sqlite_database, job_id, 200)


BODIES = {"function": function_job(), "training": training_job()}
RETRIED = [
    *product(["sqlite"], BODIES, ["direct_l", "tpe", "random"]),
    ("postgresql", "training", "tpe"),  # the samplers know no database
]


@pytest.mark.parametrize(("database", "kind", "sampler"), RETRIED, indirect=["database"])
def test_retrying_gives_what_the_job_would_have_had(
    database: Database, kind: str, sampler: str
) -> None:
    body = BODIES[kind] | {"samplers": [sampler], "budget": {"n_trials": 12}}
    job_id = submit(database, body)
    simulation = Simulation(database, n_workers=1, fails={3, 4, 5})
    (run,) = simulation.take()
    assert simulation.run(run).state is JobState.SUCCEEDED
    _, every = found(database, job_id)
    (failed,) = [t for t in every if t.state is TrialState.FAILED]
    reopen.retry_failed(database, job_id)
    go_on(database)
    with database.read() as session:
        again = trials.get(session, failed.id)
        log = trials.attempts(session, failed.id)
    assert (again.state, again.error) == (TrialState.COMPLETED, None)
    assert [a.state.value for a in log] == ["FAILED"] * 3 + ["COMPLETED"]
    repaired = counted_trials(database, job_id)
    report = untimed(report_of(database, job_id))
    forget(database, job_id)
    whole = run_whole(database, body, seed=9)
    assert repaired == counted_trials(database, whole)
    assert report["verdict"] == untimed(report_of(database, whole))["verdict"]


class Limited:
    """CMA-ES that cannot be asked for a round after so many trials, as if that took too long."""

    def __init__(self, study: StudyPlan, n_most: int) -> None:
        self.study, self._n_most = study, n_most
        self._sampler = samplers.create("cmaes", study)

    def plan(self, log: Sequence[Entry]) -> Plan:
        if len(log) >= self._n_most and all(entry.value is not None for entry in log):
            raise AskingFailedError("cmaes", "it took more than 1 s")
        return self._sampler.plan(log)

    def speculate(self, log: Sequence[Entry], n_free: int) -> tuple[Proposal, ...]:
        return self._sampler.speculate(log, n_free)


def _search_limited(database: Database, n_most: int, fails: set[int]) -> Job:
    simulation = Simulation(database, n_workers=1, fails=fails)
    (job,) = leases.claim(database, simulation.me, 60.0)
    run = open_run(database, job, make=lambda _, study: Limited(study, n_most))
    return simulation.run(run, max_steps=300)


@pytest.mark.parametrize("n_most", [12, 6, 1])
def test_a_sampler_that_can_be_asked_for_less_after_a_retry_ends_its_study_earlier(
    sqlite_database: Database, n_most: int
) -> None:
    # Its rounds have 6 trials; of the first round one fails, so that the second is asked anew.
    job_id = submit(sqlite_database, function_job(samplers=["cmaes"]))
    assert _search_limited(sqlite_database, 12, {5, 6, 7}).state is JobState.SUCCEEDED
    arms, _ = found(sqlite_database, job_id)
    assert (arms["cmaes"].stopped_at, arms["cmaes"].stopped_by) == (12, "asking")
    reopen.retry_failed(sqlite_database, job_id)
    assert _search_limited(sqlite_database, n_most, set()).state is JobState.SUCCEEDED
    arms, every = found(sqlite_database, job_id)
    n = 12 if n_most == 12 else 6
    assert (arms["cmaes"].stopped_at, arms["cmaes"].stopped_by) == (n, "asking")
    counted = [t for t in every if t.number is not None]
    assert [t.state for t in counted] == [TrialState.COMPLETED] * n


@pytest.mark.parametrize(
    ("sampler", "fails"),
    [
        # Rounds of one: past its random start, and the first of what would be a round of four.
        ("tune:bayesopt", {13, 14, 15}),
        # Rounds of six in two dimensions: one that would be in the second of four.
        ("cmaes", {5, 6, 7}),
    ],
)
def test_what_is_proposed_anew_begins_with_the_samplers_own_next_round(
    sqlite_database: Database, sampler: str, fails: set[int]
) -> None:
    body = function_job(samplers=[sampler], budget={"n_trials": 16})
    job_id = submit(sqlite_database, body)
    simulation = Simulation(sqlite_database, n_workers=1, fails=fails)
    (run,) = simulation.take()
    assert simulation.run(run).state is JobState.SUCCEEDED
    reopen.retry_failed(sqlite_database, job_id)
    go_on(sqlite_database)
    repaired = counted_trials(sqlite_database, job_id)
    forget(sqlite_database, job_id)
    assert repaired == counted_trials(sqlite_database, run_whole(sqlite_database, body))


def test_a_failed_evaluation_alone_is_tried_again(sqlite_database: Database) -> None:
    body = training_job(samplers=["random"], controls=["uniform"], budget={"n_trials": 2})
    job_id = submit(sqlite_database, body)
    simulation = Simulation(sqlite_database, n_workers=1, fails={4, 5, 6})
    (run,) = simulation.take()
    assert simulation.run(run).state is JobState.SUCCEEDED
    _, every = found(sqlite_database, job_id)
    assert [t.phase for t in every if t.state is TrialState.FAILED] == [Phase.EVALUATION]
    reopen.retry_failed(sqlite_database, job_id)
    again = go_on(sqlite_database)
    assert again.n_trained == 1
    _, every = found(sqlite_database, job_id)
    assert {t.state for t in every} == {TrialState.COMPLETED}


def test_a_failed_promotion_of_a_search_chooses_the_flat_control_anew(
    sqlite_database: Database,
) -> None:
    body = training_job(
        samplers=["random"],
        controls=["flat"],
        budget={"n_trials": 4},
        fidelity={"search_fraction": 0.5, "promote": 2},
        seed=5,
    )
    job_id = submit(sqlite_database, body)
    simulation = Simulation(sqlite_database, n_workers=1, fails={5, 6, 7})  # the best promotion
    (run,) = simulation.take()
    assert simulation.run(run).state is JobState.SUCCEEDED
    arms, every = found(sqlite_database, job_id)
    (failed,) = [t for t in every if t.state is TrialState.FAILED]
    assert (failed.phase, failed.study_id) == (Phase.PROMOTION, arms["random"].id)
    reopen.retry_failed(sqlite_database, job_id)
    go_on(sqlite_database)
    repaired = counted_trials(sqlite_database, job_id)
    forget(sqlite_database, job_id)
    assert repaired == counted_trials(sqlite_database, run_whole(sqlite_database, body, seed=9))


@pytest.mark.parametrize(
    ("fails", "n_seeds", "phase"),
    [(2, 1, Phase.SEARCH), (10, 1, Phase.PROMOTION), (12, 2, Phase.CONFIRMATION)],
    ids=["search", "promotion", "confirmation"],
)
def test_what_is_searched_around_a_failed_arm_is_searched_again(
    sqlite_database: Database, fails: int, n_seeds: int, phase: Phase
) -> None:
    body = training_job(
        samplers=["random"],
        controls=["uniform_tuned", "flat_tuned"],
        budget={"n_trials": 4},
        fidelity={"search_fraction": 0.5, "promote": 1},
        validation_seeds=n_seeds,
        evaluation={"n_seeds": 1},
    )
    job_id = submit(sqlite_database, body)
    simulation = Simulation(sqlite_database, n_workers=1, fails={fails, fails + 1, fails + 2})
    (run,) = simulation.take()
    simulation.run(run)
    arms, every = found(sqlite_database, job_id)
    (failed,) = [t for t in every if t.state is TrialState.FAILED]
    assert (failed.phase, failed.study_id) == (phase, arms["uniform_tuned"].id)
    reopen.retry_failed(sqlite_database, job_id)
    go_on(sqlite_database)
    repaired = counted_trials(sqlite_database, job_id)
    forget(sqlite_database, job_id)
    assert repaired == counted_trials(sqlite_database, run_whole(sqlite_database, body, seed=9))


def test_a_larger_budget_is_shared_in_proportion(sqlite_database: Database) -> None:
    controls = ["uniform_tuned", "flat_tuned"]
    body = training_job(
        samplers=["random"], controls=controls, budget={"n_trials": 4}, evaluation={"n_seeds": 0}
    )
    job_id = run_whole(sqlite_database, body)
    for too_few in (3, 4):
        with pytest.raises(InvalidSpecError, match="above the present budget, 4,"):
            reopen.extend(sqlite_database, job_id, too_few)
    reopen.extend(sqlite_database, job_id, 6)
    arms, _ = found(sqlite_database, job_id)
    assert {name: arm.n_trials for name, arm in arms.items()} == {
        "random": 6,
        "uniform_tuned": 6,
        "flat_tuned": 12,
    }


def test_a_trial_that_fails_again_has_as_many_tries_as_at_first(
    sqlite_database: Database,
) -> None:
    job_id = submit(sqlite_database, function_job(samplers=["random"], budget={"n_trials": 3}))
    simulation = Simulation(sqlite_database, n_workers=1, fails={1, 2, 3})
    (run,) = simulation.take()
    simulation.run(run)
    reopen.retry_failed(sqlite_database, job_id)
    go_on(sqlite_database, fails={1, 2, 3})
    _, every = found(sqlite_database, job_id)
    (failed,) = [t for t in every if t.state is TrialState.FAILED]
    assert failed.n_attempts == 6


def test_a_job_that_failed_as_a_whole_can_be_tried_again(sqlite_database: Database) -> None:
    job_id = submit(sqlite_database, function_job(samplers=["random"], budget={"n_trials": 2}))
    simulation = Simulation(sqlite_database, fails=set(range(100)))
    (run,) = simulation.take()
    assert simulation.run(run).state is JobState.FAILED
    reopen.retry_failed(sqlite_database, job_id)
    go_on(sqlite_database)
    with sqlite_database.read() as session:
        assert jobs.get(session, job_id).error is None


def test_a_job_that_failed_for_no_fault_of_its_trials_goes_on(sqlite_database: Database) -> None:
    body = training_job(samplers=["random"], controls=["uniform"], budget={"n_trials": 4})
    job_id = submit(sqlite_database, body)
    simulation = Simulation(sqlite_database, n_workers=1)
    (run,) = simulation.take()
    updates: list[Update] = []
    while len(run.log.trials) < 4 or not all(t.state.is_final for t in run.log.trials.values()):
        simulation.step(run, updates)
        updates = [simulation.finish_one()] if simulation.hand else []
    use_cases.fail(sqlite_database, run.job, RuntimeError("a bug of an earlier version"))
    reopen.retry_failed(sqlite_database, job_id)
    go_on(sqlite_database)
    repaired = counted_trials(sqlite_database, job_id)
    forget(sqlite_database, job_id)
    assert repaired == counted_trials(sqlite_database, run_whole(sqlite_database, body))


def test_nothing_failed_nothing_to_retry(sqlite_database: Database) -> None:
    job_id = run_whole(sqlite_database, function_job(samplers=["random"]))
    with pytest.raises(NothingToRetryError):
        reopen.retry_failed(sqlite_database, job_id)


def test_a_budget_that_its_samplers_could_not_be_asked_for_is_refused(
    sqlite_database: Database,
) -> None:
    task = {"kind": "function", "name": "sphere", "dimension": 64}
    job_id = run_whole(
        sqlite_database, function_job(task=task, samplers=["tpe"], budget={"n_trials": 2})
    )
    with pytest.raises(InvalidSpecError) as caught:
        reopen.extend(sqlite_database, job_id, 100_000)
    (fault,) = caught.value.faults
    assert fault.pointer == "/n_trials"
    assert "tpe would take" in fault.detail
    reopen.extend(sqlite_database, job_id, 1_000)
