"""What a job will cost: refused like a submission, measured, or computed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from service.costs.figures import Estimate, Interval
from service.costs.prices import UNPRICED, Prices
from service.errors import InvalidSpecError
from service.jobs import estimate as estimates
from service.jobs.leases import NO_DISPATCHER
from service.storage import job_pages
from service.storage.database import Database
from service.validation import parse
from tests.support.estimates import COST, dispatch, measure
from tests.support.jobs import function_job, run_whole, submit, training_job

SLEEPING = function_job(
    task={"kind": "function", "name": "sphere", "dimension": 2, "sleep_s": 2.0},
    samplers=["random"],
    budget={"n_trials": 6},
)
FUSIBLE = training_job(network={"kind": "dncnn", "depth": 3, "width": 8, "kernel_size": 3})


def estimated(database: Database, body: dict[str, Any], prices: Prices = UNPRICED) -> Estimate:
    return estimates.estimate(database, parse.parse(body), prices, lease_s=60.0)


def test_a_function_needs_no_measurement(sqlite_database: Database) -> None:
    dispatch(sqlite_database)  # four CPUs
    found = estimated(sqlite_database, SLEEPING, Prices(cpu_hour=3600.0, currency="EUR"))
    assert (found.state, found.n_workers, found.n_trainings) == ("ready", 4, found.n_epochs)
    assert found.work_s == Interval(*[2.0 * found.n_trainings] * 3)
    assert found.money is not None
    assert (found.money.amount, found.money.currency) == (found.work_s, "EUR")
    assert found.epoch is not None
    assert found.epoch.source == "spec"


def test_why_there_is_no_dispatcher_is_asked_where_there_is_none(
    sqlite_database: Database,
) -> None:
    spec, reasons = parse.parse(SLEEPING), iter(["it is broken"])

    def look() -> Estimate:
        return estimates.estimate(sqlite_database, spec, UNPRICED, 60.0, lambda: next(reasons))

    assert "it is broken" in look().warnings
    dispatch(sqlite_database)
    look()


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"budget": {"n_trials": 6, "cost": 1.0}}, "/budget/cost"),
        ({"warm_start": {"densities": [7]}}, "/warm_start/densities/0"),
    ],
)
def test_what_a_submission_would_refuse_is_refused(
    sqlite_database: Database, changes: dict[str, Any], pointer: str
) -> None:
    body = training_job(samplers=["tpe"]) | changes
    with pytest.raises(InvalidSpecError) as refused:
        estimated(sqlite_database, body)
    assert [fault.pointer for fault in refused.value.faults] == [pointer]
    with sqlite_database.read() as session:
        assert job_pages.page(session, limit=9) == []


def test_a_training_is_measured_in_short_and_in_full(sqlite_database: Database) -> None:
    body = training_job(training={"epochs": 4, "precision": "bfloat16"}, samplers=["random"])
    assert estimated(sqlite_database, body).detail == NO_DISPATCHER
    me = dispatch(sqlite_database)
    assert estimated(sqlite_database, body).detail == estimates.MEASURING
    measure(sqlite_database, me)
    assert estimated(sqlite_database, body).state == "measuring"  # evaluations are in float32
    measure(sqlite_database, me, replace(COST, epoch_s=(9.0, 10.0, 12.0)))
    found = estimated(sqlite_database, body)
    assert found.state == "ready"
    seconds = {kind.kind: kind.seconds.expected for kind in found.trainings}
    assert seconds["evaluation"] > 2 * seconds["search"]


def test_a_job_that_no_worker_fits_is_not_measured(sqlite_database: Database) -> None:
    dispatch(sqlite_database)
    found = estimated(sqlite_database, training_job(resources={"cpus_per_trial": 64}))
    assert (found.state, found.detail) == ("failed", estimates.NO_ROOM)


@pytest.mark.parametrize(("asked", "width"), [(4, 4), (64, 4), ("auto", COST.pack_width)])
def test_packs_are_no_wider_than_was_possible(
    sqlite_database: Database, asked: int | str, width: int
) -> None:
    me = dispatch(sqlite_database)
    body = FUSIBLE | {"resources": {"pack_width": asked}}
    estimated(sqlite_database, body)
    measure(sqlite_database, me)
    found = estimated(sqlite_database, body)
    if found.state == "measuring":  # the evaluation's trainings
        measure(sqlite_database, me)
        found = estimated(sqlite_database, body)
    assert found.pack_width == width
    is_narrower = isinstance(asked, int) and asked > width
    assert any(f"packs of {asked} are not possible" in w for w in found.warnings) == is_narrower


def test_limits_and_other_jobs_are_warned_of(sqlite_database: Database) -> None:
    dispatch(sqlite_database)
    tight = {"n_trials": 6, "wall_clock_s": 2.0, "cost": 11.0}
    prices = Prices(cpu_hour=3600.0)
    assert estimated(sqlite_database, SLEEPING, prices).warnings == ()
    submit(sqlite_database, SLEEPING)
    warnings = " ".join(estimated(sqlite_database, SLEEPING | {"budget": tight}, prices).warnings)
    for words in ("1 unfinished job shares the workers", "budget.wall_clock_s", "budget.cost"):
        assert words in warnings


def test_repeats_that_cannot_part_samplers_are_warned_of(sqlite_database: Database) -> None:
    """Already before anything was measured; deterministic samplers do not count."""
    many = SLEEPING | {"samplers": ["random", "tpe", "direct_l"], "repeats": 3}
    for body in (many, training_job(samplers=["random", "tpe", "direct_l"], repeats=3)):
        (words,) = (w for w in estimated(sqlite_database, body).warnings if "repeats" in w)
        assert words.startswith("3 repeats cannot show which of 2 samplers is better")
    enough = estimated(sqlite_database, many | {"repeats": 4}).warnings
    assert not any("repeats" in words for words in enough)


def test_each_trial_takes_more_than_its_training(sqlite_database: Database) -> None:
    dispatch(sqlite_database)  # four workers
    body = function_job(samplers=["random"], budget={"n_trials": 400})
    found = estimated(sqlite_database, body)
    assert found.work_s == Interval(0.0, 0.0, 0.0)
    assert found.time_s is not None
    assert found.overhead_s is not None
    assert found.time_s.expected == pytest.approx(100 * found.overhead_s.expected)


def test_a_job_that_is_known_takes_no_training(sqlite_database: Database) -> None:
    dispatch(sqlite_database)
    job_id = run_whole(sqlite_database, SLEEPING)
    known = estimated(sqlite_database, SLEEPING | {"name": "again"})
    assert known.same_job == job_id
    assert known.work_s == Interval(0.0, 0.0, 0.0)
    assert known.time_s is not None
    assert known.time_s.expected < 1.0
    other = estimated(sqlite_database, SLEEPING | {"seed": 5})
    assert other.same_job is None
    assert other.time_s is not None
    assert other.time_s.expected > 2.0
