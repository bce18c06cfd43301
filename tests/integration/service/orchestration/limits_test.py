"""Budgets of time and money: searches end with what is confirmed, and say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from service import states
from service.costs.prices import UNPRICED, Prices
from service.errors import InvalidSpecError
from service.jobs import commands as use_cases
from service.jobs import leases, reopen
from service.orchestration import ask, limits
from service.orchestration.messages import Ended, Update
from service.orchestration.run import Run
from service.orchestration.step import open_run
from service.records import Job, Study
from service.states import JobState, Phase, Role, TrialState
from service.storage import jobs, studies, trials
from service.storage.database import Database
from service.validation import parse
from tests.support.simulation import Simulation, counted_trials, report_of
from tests.support.stepped_clock import SteppedClock

# A second of a CPU costs 1.
PRICES = Prices(cpu_hour=3600.0, currency="EUR")
PHOTOS: dict[str, Any] = {
    "name": "photos",
    "task": {"kind": "denoising"},
    "density": {"bounds": [[0.0, 2.0]]},
    "samplers": ["direct_l", "tpe", "random"],
    "controls": ["uniform", "uniform_tuned", "flat"],
    "evaluation": {"n_seeds": 2},
}


@dataclass
class Slow(Simulation):
    """Two workers; each training that ends took a second."""

    stepped: SteppedClock | None = None

    def finish_one(self) -> Ended:
        assert self.stepped is not None
        self.stepped.step(1.0)
        return replace(super().finish_one(), training_s=1.0)


def submit(database: Database, **budget: float) -> int:
    spec = parse.parse(PHOTOS | {"budget": {"n_trials": 30} | budget})
    return use_cases.submit(database, spec, prices=PRICES)[0].id


def open_job(database: Database, simulation: Simulation) -> Run:
    (job,) = leases.claim(database, simulation.me, 1e6)
    return open_run(database, job, prices=PRICES)


def state_of(database: Database, job_id: int) -> tuple[Job, list[Study]]:
    with database.read() as session:
        return jobs.get(session, job_id), studies.of_job(session, job_id)


def searched(found: Sequence[Study]) -> list[Study]:
    return [study for study in found if study.role in (Role.SEARCH, Role.TUNED)]


@pytest.mark.parametrize(
    ("budget", "reason"),
    [({"wall_clock_s": 20.0}, states.WALL_CLOCK), ({"cost": 20.0}, states.COST)],
)
def test_searches_end_with_what_is_confirmed_and_are_evaluated(
    database: Database, stepped: SteppedClock, budget: dict[str, float], reason: str
) -> None:
    job_id = submit(database, **budget)
    simulation = Slow(database, n_workers=2, stepped=stepped)
    run = open_job(database, simulation)
    assert simulation.run(run).state is JobState.SUCCEEDED
    job, found = state_of(database, job_id)
    assert {study.stopped_by for study in searched(found)} == {reason}
    stops = [study.stopped_at or 0 for study in searched(found)]
    # A second each: some are not yet confirmed, and the last ones end together with the limit.
    assert 15 <= sum(stops) <= 22
    assert {s.stopped_at for s in found if s not in searched(found)} == {None}
    with database.read() as session:
        every = trials.of_job(session, job_id)
    assert all(trial.state.is_final for trial in every)
    assert sum(trial.phase is Phase.EVALUATION for trial in every) == 2 * len(found)
    # What ran at the end of the budget was given up.
    assert any(trial.state is TrialState.CANCELLED for trial in every)
    told_of = {row["study"]: row for row in report_of(database, job_id)["stopped"]}
    for study in searched(found):
        row = told_of[study.name]
        assert (row["n_trials"], row["by"]) == (study.stopped_at, reason)
    assert job.report is not None
    assert states.REASONS[reason] in job.report["verdict"]


def test_all_searches_end_in_one_step_however_much_follows_them(
    sqlite_database: Database, stepped: SteppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask, "MAX_TRIALS", 1)
    monkeypatch.setattr(ask, "LONGEST_S", 0.0)
    body = PHOTOS | {"budget": {"n_trials": 30, "cost": 20.0}, "training": {"epochs": 4},
                     "fidelity": {"search_fraction": 0.5, "promote": 2}}  # fmt: skip
    spec = parse.parse(body)
    use_cases.submit(sqlite_database, spec, prices=PRICES)
    simulation = Slow(sqlite_database, n_workers=2, stepped=stepped)
    run = open_job(sqlite_database, simulation)
    updates: list[Update] = []
    while run.out_of is None:
        simulation.step(run, updates)
        updates = [simulation.finish_one()] if simulation.hand else []
    open_searches = [s for s in run.studies if s.record.role in (Role.SEARCH, Role.TUNED)]
    assert len(open_searches) > 3
    assert all(arm.is_searched for arm in open_searches)
    begun = [run.log.trials[a.trial_id].phase for a in simulation.hand]
    assert Phase.SEARCH not in begun


def test_a_job_of_as_many_trials_finds_the_same(database: Database, stepped: SteppedClock) -> None:
    def run_to_the_end(n_trials: int, **budget: float) -> tuple[int, list[tuple[Any, ...]]]:
        spec = PHOTOS | {"samplers": ["direct_l"], "controls": ["uniform"]}
        body = spec | {"budget": {"n_trials": n_trials} | budget}
        job_id = use_cases.submit(database, parse.parse(body))[0].id
        simulation = Slow(database, n_workers=2, stepped=stepped)
        assert simulation.run(open_job(database, simulation)).state is JobState.SUCCEEDED
        stopped_at = state_of(database, job_id)[1][0].stopped_at
        return stopped_at or n_trials, counted_trials(database, job_id)

    n_trials, found = run_to_the_end(30, wall_clock_s=12.0)
    assert 5 < n_trials < 30
    assert run_to_the_end(n_trials)[1] == found


def test_pauses_do_not_count_and_restarts_do_not_forget(
    database: Database, stepped: SteppedClock
) -> None:
    job_id = submit(database, wall_clock_s=30.0)
    first = Slow(database, n_workers=2, stepped=stepped)
    run = open_job(database, first)
    updates: list[Update] = []
    for _ in range(10):
        first.step(run, updates)
        updates = [first.finish_one()]
    first.step(run, updates)
    use_cases.pause(database, job_id)
    stepped.step(1000.0)
    use_cases.resume(database, job_id)
    leases.resign(database, first.me)
    assert limits.worked_s(state_of(database, job_id)[0], stepped.now) == pytest.approx(10.0)
    second = Slow(database, n_workers=2, stepped=stepped)
    run = open_job(database, second)
    second.step(run, [])
    overdue = []
    for passed_s in (19.0, 2.0):
        stepped.step(passed_s)
        overdue.append(run.is_overdue)
    second.step(run, [])  # the dispatcher steps it, though no worker said anything
    assert [*overdue, run.is_overdue] == [False, True, False]
    third = Slow(database, n_workers=2, stepped=stepped)  # and once more, after the stop
    leases.resign(database, second.me)
    run = open_job(database, third)
    before = [(s.name, s.stopped_at) for s in state_of(database, job_id)[1]]
    assert third.run(run).state is JobState.SUCCEEDED
    after = [(s.name, s.stopped_at) for s in state_of(database, job_id)[1]]
    assert before == after


def test_a_budget_too_small_for_any_trial_says_so(
    database: Database, stepped: SteppedClock
) -> None:
    spec = parse.parse(PHOTOS | {"controls": [], "budget": {"n_trials": 9, "wall_clock_s": 0.5}})
    job_id = use_cases.submit(database, spec)[0].id
    simulation = Slow(database, n_workers=2, stepped=stepped)
    run = open_job(database, simulation)
    simulation.step(run, [])
    stepped.step(1.0)
    simulation.step(run, [])
    assert simulation.hand == []
    job, _ = state_of(database, job_id)
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert "the budget's time limit was reached" in job.error["detail"]


def test_a_dispatcher_without_prices_does_not_spend_what_it_cannot_count(
    database: Database, stepped: SteppedClock
) -> None:
    with pytest.raises(InvalidSpecError):
        use_cases.submit(database, parse.parse(PHOTOS | {"budget": {"n_trials": 9, "cost": 1.0}}))
    submit(database, cost=5.0)
    simulation = Simulation(database)
    (job,) = leases.claim(database, simulation.me, 1e6)
    simulation.step(open_run(database, job, prices=PRICES), [])
    with pytest.raises(InvalidSpecError, match="DENSEARCH_PRICE_PER_CPU_HOUR") as refused:
        open_run(database, job, prices=UNPRICED)
    use_cases.fail(database, job, refused.value)
    error = state_of(database, job.id)[0].error
    assert error == {"title": "The dispatcher cannot run it", "detail": str(refused.value)}
    leases.resign(database, simulation.me)
    reopen.retry_failed(database, job.id)  # once there are prices
    later = Slow(database, n_workers=2, stepped=stepped)
    assert later.run(open_job(database, later)).state is JobState.SUCCEEDED
