"""Measurements of training cost: asked for once, taken by one dispatcher, replaced by trials."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from service import clock
from service.costs import calibrations
from service.costs.training_cost import cost_key, typical_payload
from service.records import Calibration, Json
from service.spec import JobSpec
from service.states import CalibrationState, Phase
from service.storage.database import Database
from tests.support import resolved_jobs
from tests.support.estimates import COST, dispatch, measure
from tests.support.report_records import BODY, Log, spec_of
from tests.support.stepped_clock import SteppedClock

SPEC = spec_of()
PAYLOAD = typical_payload(resolved_jobs.training(BODY), is_full=False)
FUSIBLE = {"kind": "dncnn", "depth": 3, "width": 8, "kernel_size": 3}


def asked(
    database: Database, widths: Sequence[int] = (1,), spec: JobSpec = SPEC
) -> Calibration | None:
    return calibrations.ask(database, spec, PAYLOAD, widths)


def known(database: Database, widths: Sequence[int] = (1,)) -> Calibration | None:
    return calibrations.known(database, SPEC, PAYLOAD, widths)


@pytest.mark.parametrize(
    ("changes", "more", "expected"),
    [
        ({}, {}, (1,)),
        ({"resources": {"pack_width": 4}}, {}, (1, 4)),
        ({"resources": {"pack_width": "auto"}}, {}, (1, 2, 4, 8)),
        ({"resources": {"pack_width": "auto", "gpus_per_trial": 1}}, {}, (1, 4, 16, 64)),
        ({"resources": {"pack_width": 4}}, {"gradient": {}}, (1,)),
        ({"resources": {"pack_width": 4}}, {"network": FUSIBLE | {"width": 9}}, (1,)),
    ],
)
def test_only_packs_that_can_be_are_timed(
    changes: dict[str, Any], more: Json, expected: tuple[int, ...]
) -> None:
    job = resolved_jobs.training({**BODY, "network": FUSIBLE, **changes})
    payload = typical_payload(job, is_full=False) | more
    assert calibrations.widths_of(job.spec, payload) == expected


def test_a_question_is_asked_once_and_keeps_its_answer(sqlite_database: Database) -> None:
    me = dispatch(sqlite_database)
    assert known(sqlite_database) is None
    first = asked(sqlite_database)
    assert first is not None
    assert first.state is CalibrationState.WAITING
    assert asked(sqlite_database) == first
    measure(sqlite_database, me)
    found = known(sqlite_database)
    assert found is not None
    assert calibrations.cost_in(found) == COST
    assert asked(sqlite_database) == found
    assert known(sqlite_database, (1, 4)) is None  # other packs are another question
    with pytest.raises(ValueError, match="no result"):
        calibrations.cost_in(first)


def test_estimates_ask_for_no_more_than_a_limit_and_jobs_for_all(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibrations, "MOST_UNFINISHED", 1)
    assert asked(sqlite_database) is not None
    assert asked(sqlite_database, (1, 4)) is None
    with sqlite_database.write() as session:
        assert calibrations.ask_in(session, SPEC, PAYLOAD, (1, 4)) is not None


def test_a_failed_measurement_is_asked_for_again_after_a_while(
    sqlite_database: Database, stepped: SteppedClock
) -> None:
    me = dispatch(sqlite_database)
    asked(sqlite_database)
    measure(sqlite_database, me, "no file 'a\0b\ud800'")
    failed = asked(sqlite_database)
    assert failed is not None
    assert (failed.state, failed.error) == (CalibrationState.FAILED, "no file 'a?b?'")
    stepped.step(calibrations.RETRY.total_seconds() + 1)
    assert known(sqlite_database) is None
    again = asked(sqlite_database)
    assert again is not None
    assert (again.id, again.state) == (failed.id, CalibrationState.WAITING)


def test_a_measurement_that_was_taken_over_writes_nothing(
    sqlite_database: Database, stepped: SteppedClock
) -> None:
    me, other = dispatch(sqlite_database), dispatch(sqlite_database)
    asked(sqlite_database)
    waiting = calibrations.next_open(sqlite_database)
    assert waiting is not None
    assert calibrations.take(sqlite_database, waiting, me, lease_s=10.0)
    assert calibrations.next_open(sqlite_database) is None
    stepped.step(11.0)
    assert calibrations.take(sqlite_database, waiting, other, lease_s=10.0)
    calibrations.settle(sqlite_database, waiting.id, me, "mine failed")
    calibrations.settle(sqlite_database, waiting.id, other, COST)
    found = known(sqlite_database)
    assert found is not None
    assert found.state is CalibrationState.DONE
    assert calibrations.latest(sqlite_database)[1] == 1


def test_a_measurement_waits_for_a_cluster_that_it_fits(sqlite_database: Database) -> None:
    asked(sqlite_database)
    asked(sqlite_database, (1, 2), spec_of(resources={"cpus_per_trial": 8}))
    narrow = calibrations.next_open(sqlite_database, lambda found: found.cpus > 4)
    assert narrow is not None
    assert narrow.cpus == 8.0
    assert calibrations.next_open(sqlite_database, lambda _: False) is None


@pytest.mark.parametrize("n_trials", [calibrations.ENOUGH_TRIALS - 1, calibrations.ENOUGH_TRIALS])
def test_enough_whole_trainings_are_worth_more_than_a_few_steps(
    sqlite_database: Database, n_trials: int
) -> None:
    me = dispatch(sqlite_database)
    asked(sqlite_database)
    measure(sqlite_database, me)
    log, start = Log(SPEC), clock.now()
    times: dict[str, Any] = {"started_at": start, "finished_at": start + timedelta(seconds=9)}
    curve = [1.0] * PAYLOAD["training"]["epochs"]
    for number in range(n_trials):
        log.trial("random", number, payload=PAYLOAD, curve=curve, training_s=8.0, **times)
    log.trial("random", 99, payload=PAYLOAD, curve=curve, cached_from=1, training_s=99.0, **times)
    log.trial("random", 98, payload=PAYLOAD, phase=Phase.SEARCH, is_diverged=True, **times)
    with sqlite_database.write() as session:
        calibrations.observe(session, "cpu", log.trials)
    found = known(sqlite_database)
    assert found is not None
    is_enough = n_trials == calibrations.ENOUGH_TRIALS
    assert calibrations.cost_in(found).n == (n_trials if is_enough else COST.n)
    # For packs the trials, each trained alone, say nothing.
    assert known(sqlite_database, (1, 4)) is None
    key = cost_key(PAYLOAD, "cpu")
    assert calibrations.best_known([found], key, key) == found
