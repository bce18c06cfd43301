"""The valley of a search over widths: which trainings it has, and where there is none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from service.report.rows import arms_with_trials
from service.report.valley import valley_of
from service.states import TrialState
from tests.support.built_reports import report_of, row_of
from tests.support.report_records import Log, spec_of

GAUSSIAN: dict[str, Any] = {
    "density": {"family": "gaussian", "bounds": [[0.5, 8.0]], "normalised": True},
    "samplers": ["grid"],
    "controls": ["uniform"],
    "budget": {"n_trials": 4},
}


def log_of(**changes: Any) -> Log:
    return Log(spec_of(**GAUSSIAN | changes))


def valley(log: Log) -> dict[str, Any] | None:
    (one,) = arms_with_trials(log.arms(), log.trials)
    return valley_of(log.resolved, one)


def test_has_the_trainings_that_gave_a_loss_by_their_width() -> None:
    log = log_of()
    log.best["grid"] = log.trial("grid", 0, 0.3, point=[0.75])
    log.trial("grid", 1, 0.4, point=[0.25])
    log.trial("grid", 2, 9.0, point=[0.5], is_diverged=True)
    log.trial("grid", 3, None, point=[0.0], state=TrialState.FAILED)
    log.trial("grid", None, 0.1, point=[1.0])  # run ahead: no part of the result
    found = valley(log)
    assert found is not None
    # From 0.5 to 8 are four octaves.
    assert found["widths"] == pytest.approx([1.0, 4.0], rel=1e-9)
    assert found["losses"] == [0.4, 0.3]
    assert (found["kernel_size"], found["n_dims"], found["is_normalised"]) == (3, 2, True)


@pytest.mark.parametrize(
    "changes",
    [
        {"density": {"family": "power"}},
        {"density": {"family": "symmetric", "bounds": [[0.0, 2.0]]}},
        {"search": {"lr": {"low": 0.01, "high": 0.1, "log": True}}},
        {"search": {"momentum": {"low": 0.0, "high": 0.9}}},
    ],
)
def test_there_is_none_where_more_or_other_than_a_width_is_searched(
    changes: dict[str, Any],
) -> None:
    log = log_of(**changes)
    log.best["grid"] = log.trial("grid", 0, 0.3)
    assert valley(log) is None


def test_it_stands_in_the_report_and_controls_have_none() -> None:
    log = log_of()
    log.judge("grid", 0.3, 0.3, 0.3, point=[0.5])
    log.judge("uniform", 0.4, 0.4, 0.4)
    report = report_of(log)
    assert row_of(report, "grid")["valley"]["losses"] == [0.3]
    assert row_of(report, "uniform")["valley"] is None


def test_says_at_which_rate_it_was_trained_and_whether_that_was_tuned() -> None:
    log = log_of()
    log.best["grid"] = log.trial("grid", 0, 0.3, point=[0.75])
    found = valley(log)
    assert found is not None
    assert (found["lr"], found["is_rate_tuned"]) == (0.05, False)
    arms = log.arms()
    arms[0].space = replace(arms[0].space, rate=0.25)
    tuned = valley_of(log.resolved, arms_with_trials(arms, log.trials)[0])
    assert tuned is not None
    assert (tuned["lr"], tuned["is_rate_tuned"]) == (0.25, True)
    assert tuned["losses"] == found["losses"]
