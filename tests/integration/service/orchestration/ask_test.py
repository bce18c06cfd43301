"""Asking the samplers: in limited parts, which change no result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from densearch.sampler import Entry, Plan, Proposal, StudyPlan
from service import samplers
from service.digest import SEARCH_VERSION
from service.jobs import leases, reopen
from service.orchestration import ask, issue, step
from service.samplers import Asker
from service.states import JobState, Phase, TrialState
from service.storage.database import Database
from tests.support.courses import found
from tests.support.jobs import function_job, run_whole, submit, training_job
from tests.support.odd_samplers import Honest
from tests.support.reopened import go_on
from tests.support.simulation import Simulation, counted_trials, forget, report_of


def test_what_is_left_to_later_steps_changes_nothing(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = training_job(samplers=["random", "direct_l", "cmaes"])
    whole = run_whole(sqlite_database, body)
    expected = counted_trials(sqlite_database, whole)
    forget(sqlite_database, whole)
    monkeypatch.setattr(ask, "LONGEST_S", 0.0)
    monkeypatch.setattr(ask, "MAX_TRIALS", 0)
    monkeypatch.setattr(issue, "MOST_AT_ONCE", 3)
    again = run_whole(sqlite_database, body, n_workers=3, seed=4)
    assert counted_trials(sqlite_database, again) == expected


def test_a_large_round_is_issued_over_several_steps(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask, "LONGEST_S", 3600.0)  # by number alone
    body = function_job(samplers=[{"name": "cmaes", "batch_size": 450}], budget={"n_trials": 450})
    submit(sqlite_database, body)
    simulation = Simulation(sqlite_database)
    (run,) = simulation.take()
    found: list[int] = []
    while not found or run.needs.has_more:
        simulation.step(run, [])
        found.append(len(run.log.trials))
    assert found == [200, 400, 450]


def test_the_time_of_a_step_is_looked_at_within_a_round(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask, "LONGEST_S", 0.0)
    body = function_job(samplers=[{"name": "cmaes", "batch_size": 60}], budget={"n_trials": 60})
    submit(sqlite_database, body)
    simulation = Simulation(sqlite_database)
    (run,) = simulation.take()
    simulation.step(run, [])
    assert (len(run.log.trials), run.needs.has_more) == (ask.AT_ONCE, True)


def test_speculation_is_extra_and_never_counts(database: Database) -> None:
    body = function_job(samplers=["direct_l"], budget={"n_trials": 40})
    job_id = submit(database, body)
    simulation = Simulation(database, n_workers=16, seed=5)
    (run,) = simulation.take()
    simulation.run(run)
    _, every = found(database, job_id)
    extra = [t for t in every if t.number is None]
    hits = [t for t in every if t.number is not None and t.certainty != "certain"]
    assert sorted(t.number for t in every if t.number is not None) == list(range(40))
    assert hits
    assert {t.certainty for t in extra + hits} <= {"conditional", "predicted"}
    # What was not done when the search ended was given up.
    assert all(t.state.is_final for t in extra)
    assert all(t.phase is Phase.SUPERSEDED for t in extra if t.state is TrialState.CANCELLED)


def test_speculation_can_be_turned_off(sqlite_database: Database) -> None:
    sampler = {"name": "direct_l", "options": {"max_extra": 0}}
    job_id = submit(sqlite_database, function_job(samplers=[sampler]))
    simulation = Simulation(sqlite_database, n_workers=16)
    (run,) = simulation.take()
    simulation.run(run)
    _, every = found(sqlite_database, job_id)
    assert {t.certainty for t in every} == {"certain"}
    assert len(every) == 20


# One arm's failure is one arm's

Spoil = Callable[[Plan], Any]


def _raise(_: Plan) -> Plan:
    raise ZeroDivisionError("a library's \0bug")


def _moved(*point: float) -> Spoil:
    return lambda plan: Plan(tuple(replace(one, point=point) for one in plan.proposals))


BROKEN: dict[str, tuple[Spoil, str]] = {
    "raises": (_raise, "ZeroDivisionError: a library's ?bug"),
    "wrong dimension": (_moved(0.5, 0.5), "no point of the unit cube of 1 coordinates"),
    "outside": (_moved(1.5), "no point of the unit cube"),
    "nan": (_moved(float("nan")), "no point of the unit cube"),
    "too many": (lambda plan: Plan(plan.proposals * 9), "it proposes 36 trials"),
    "nothing": (lambda _: Plan(), "proposes nothing"),
    "no plan": (lambda plan: [one.point for one in plan.proposals], "which is no plan"),
    "pending for ever": (lambda _: None, "None, which is no plan"),
    "finished early": (lambda _: Plan(is_finished=True), "calls the search finished"),
}


class Breaking(Honest):
    """Random points in rounds of four; from some round on its answers are spoiled."""

    def __init__(self, study: StudyPlan, spoil: Spoil, n_good: int) -> None:
        super().__init__(study)
        self._spoil, self._n_good = spoil, n_good

    def _misbehave(self) -> None:
        """Not here."""

    def plan(self, log: Sequence[Entry]) -> Plan:
        plan = super().plan(log)
        is_spoiled = len(log) >= self._n_good and plan.proposals
        return self._spoil(plan) if is_spoiled else plan


def _run_broken(
    database: Database, spoil: Spoil, n_good: int = 4, **changes: object
) -> tuple[int, JobState]:
    body = training_job(samplers=["tpe", "random"], controls=["uniform"]) | changes
    job_id = submit(database, body)

    def make(name: str, study: StudyPlan) -> Asker:
        return Breaking(study, spoil, n_good) if name == "tpe" else samplers.create(name, study)

    simulation = Simulation(database)
    (job,) = leases.claim(database, simulation.me, 60.0)
    return job_id, simulation.run(step.open_run(database, job, make=make)).state


@pytest.mark.parametrize(("spoil", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_sampler_that_fails_ends_its_own_study_and_retry_asks_it_again(
    sqlite_database: Database, spoil: Spoil, reason: str
) -> None:
    job_id, state = _run_broken(sqlite_database, spoil)
    assert state is JobState.SUCCEEDED
    arms, every = found(sqlite_database, job_id)
    assert (arms["tpe"].stopped_at, arms["tpe"].stopped_by) == (4, "asking")
    assert reason in (arms["tpe"].fault or "")
    assert arms["tpe"].search_version == SEARCH_VERSION
    searched = [t for t in every if t.study_id == arms["random"].id and t.phase is Phase.SEARCH]
    assert [t.state for t in searched] == [TrialState.COMPLETED] * 9
    assert arms["random"].stopped_at is None
    report = report_of(sqlite_database, job_id)
    (stopped,) = report["stopped"]
    assert (stopped["study"], stopped["fault"]) == ("tpe", arms["tpe"].fault)
    assert reason in report["verdict"]
    assert {row["name"] for row in report["arms"]} == {"tpe", "random", "uniform"}
    reopen.retry_failed(sqlite_database, job_id)
    go_on(sqlite_database)  # with a sampler that is mended
    arms, every = found(sqlite_database, job_id)
    assert (arms["tpe"].stopped_at, arms["tpe"].stopped_by, arms["tpe"].fault) == (None,) * 3
    confirmed = [t for t in every if t.study_id == arms["tpe"].id and t.number is not None]
    assert len([t for t in confirmed if t.phase is Phase.SEARCH]) == 9
    assert report_of(sqlite_database, job_id)["stopped"] == []


def test_a_sampler_that_fails_at_once_leaves_the_others_their_report(database: Database) -> None:
    job_id, state = _run_broken(database, _raise, n_good=0)
    assert state is JobState.SUCCEEDED
    arms, _ = found(database, job_id)
    assert arms["tpe"].stopped_at == 0
    assert report_of(database, job_id)["best_arm"] == "random"


def test_a_sampler_that_cannot_be_made_fails_alone(sqlite_database: Database) -> None:
    job_id = submit(sqlite_database, function_job(samplers=["tpe", "random"]))
    real = samplers.create

    def create(name: str, study: StudyPlan) -> Asker:
        if name == "tpe":
            raise ImportError("No module named 'optuna'")
        return real(name, study)

    simulation = Simulation(sqlite_database)
    (job,) = leases.claim(sqlite_database, simulation.me, 60.0)
    run = step.open_run(sqlite_database, job, make=create)
    assert simulation.run(run).state is JobState.SUCCEEDED
    arms, _ = found(sqlite_database, job_id)
    assert "cannot be made here: No module named 'optuna'" in (arms["tpe"].fault or "")
    reopen.retry_failed(sqlite_database, job_id)
    go_on(sqlite_database)
    assert found(sqlite_database, job_id)[0]["tpe"].stopped_at is None


def test_a_sampler_that_fails_at_points_ahead_of_need_goes_on_without_them(
    sqlite_database: Database,
) -> None:
    class Ahead(Honest):
        def _misbehave(self) -> None:
            """Not here."""

        def speculate(self, log: Sequence[Entry], n_free: int) -> tuple[Proposal, ...]:
            if len(log) > 4:
                raise ZeroDivisionError
            return (Proposal((0.5, 7.0), None),) * n_free

    job_id = submit(sqlite_database, function_job(samplers=["tpe"]))
    simulation = Simulation(sqlite_database, n_workers=6)
    (job,) = leases.claim(sqlite_database, simulation.me, 60.0)
    run = step.open_run(sqlite_database, job, make=lambda _, study: Ahead(study))
    assert simulation.run(run).state is JobState.SUCCEEDED
    arms, every = found(sqlite_database, job_id)
    assert (arms["tpe"].fault, len(every)) == (None, 20)
