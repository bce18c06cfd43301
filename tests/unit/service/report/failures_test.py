"""Trainings that gave nothing are counted and never averaged."""

from __future__ import annotations

import math

import pytest

from service.report.failures import Failures, failures_of, has_learned_nothing, losses_of
from service.states import Phase, TrialState
from tests.support.built_reports import report_of, row_of
from tests.support.report_records import Log, spec_of

LN_10 = math.log(10)


def final(value: float, constant: float | None, **changes: object) -> Log:
    log = Log(spec_of())
    metrics = {"loss": value} if constant is None else {"loss": value, "constant_loss": constant}
    log.trial("uniform", 0, value, phase=Phase.EVALUATION, metrics=metrics, **changes)
    return log


@pytest.mark.parametrize(
    ("value", "constant", "is_nothing"),
    [
        (2.3033, LN_10, True),  # seen on Fashion-MNIST at a rate of 0.078: one seed of five
        (LN_10, LN_10, True),
        (2.3020, LN_10, True),
        (2.25, LN_10, False),
        (0.8280, LN_10, False),
        (2.3033, None, False),
        (0.0, 0.0, True),
    ],
)
def test_a_loss_of_a_constant_output_is_no_result(
    value: float, constant: float | None, is_nothing: bool
) -> None:
    (trial,) = final(value, constant).trials
    assert has_learned_nothing(trial) is is_nothing
    assert losses_of([trial]) == ({} if is_nothing else {0: value})


def test_the_scale_of_the_loss_changes_nothing() -> None:
    for factor in (1e-9, 1e9):
        (trial,) = final(1.01 * factor, factor).trials
        assert has_learned_nothing(trial)


def test_each_training_is_counted_once() -> None:
    log = Log(spec_of())
    log.tests("uniform", 1.0, None)
    log.tests_one("uniform", 2, 2.0, {"constant_loss": 1.9})
    log.trial("uniform", 3, None, phase=Phase.EVALUATION, state=TrialState.FAILED, metrics=None)
    log.trial("uniform", 4, None, phase=Phase.EVALUATION, state=TrialState.RUNNING, metrics=None)
    found = failures_of(log.trials)
    assert found == Failures(n=4, n_diverged=1, n_collapsed=1, n_failed=1)
    assert (found.total, found.of_training) == (3, 2)
    assert losses_of(log.trials) == {0: 1.0}


def test_a_collapsed_arm_leaves_the_rest_of_a_report_readable() -> None:
    """Seen: one collapse of five seeds made it "-81.6 points" and every trial a plateau."""
    tuned = ["uniform", "uniform_tuned", "flat_tuned", "density_tuned"]
    log = Log(spec_of(controls=tuned, evaluation={"n_seeds": 5}))
    losses = {
        "random": (0.452, 0.463, 0.449, 0.458, 0.455),
        "uniform": (0.456, 0.461, 0.455, 0.457, 0.462),
        "uniform_tuned": (0.459, 0.452, 2.3033, 0.461, 0.464),
        "flat_tuned": (0.451, 0.449, 0.447, 0.455, 0.453),
        "density_tuned": (0.447, 0.449, 0.445, 0.451, 0.453),
    }
    for arm, own in losses.items():
        log.best[arm] = log.trial(arm, 0, own[0], params={"lr": 0.078})
        for seed, loss in enumerate(own):
            log.tests_one(arm, seed, loss, {"constant_loss": LN_10})
    report = report_of(log)
    assert (
        "uniform_tuned learned nothing on 1 of 5 seeds at the learning rate 0.078: these are "
        "not averaged."
    ) in report["findings"]
    test = row_of(report, "uniform_tuned")["test"]
    assert (test["n"], test["n_collapsed"]) == (4, 1)
    assert test["loss_mean"] < 0.5
    assert report["noise"]["limit"] < 0.05
    parts = [part["relative"] for part in report["attribution"]["parts"]]
    assert max(map(abs, parts)) < 0.05
