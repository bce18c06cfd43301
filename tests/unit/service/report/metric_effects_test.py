"""Metrics are compared on the seeds that count, and said with as many digits as differ."""

from __future__ import annotations

import pytest
from scipy.stats import ttest_rel

from service.report.metric_effects import (
    MetricEffect,
    headline_of,
    interval_of_mean,
    metric_effects,
)
from tests.support.report_records import Log, spec_of

ARM, AGAINST = [0.91, 0.93, 0.90, 0.92], [0.90, 0.905, 0.89, 0.91]


def effects(arm: list[float], against: list[float]) -> list[MetricEffect]:
    log = Log(spec_of())
    for name, values in (("random", arm), ("uniform", against)):
        for seed, value in enumerate(values):
            known = {"accuracy": value, "other": 1.0 - value, "constant_loss": 2.3}
            log.tests_one(name, seed, 1.0, known)
    ours, theirs = (
        [t for t in log.trials if t.study_id == log.studies[name].id]
        for name in ("random", "uniform")
    )
    return metric_effects(ours, theirs, 0.05)


def test_the_difference_has_students_interval() -> None:
    accuracy, other = effects(ARM, AGAINST)
    assert (accuracy.name, other.name) == ("accuracy", "other")  # what the split gives is left out
    oracle = ttest_rel(ARM, AGAINST).confidence_interval()
    assert (accuracy.low, accuracy.high) == pytest.approx((oracle.low, oracle.high))
    assert accuracy.difference == pytest.approx(0.01375)
    assert accuracy.words == "accuracy 90.1 to 91.5 %"
    assert other.words is None


def test_seeds_that_one_arm_lacks_are_left_out() -> None:
    (accuracy, _) = effects(ARM, AGAINST[:2])
    assert accuracy.n == 2
    assert effects(ARM, []) == []


@pytest.mark.parametrize(
    ("name", "before", "after", "words"),
    [
        ("psnr_clipped_db", 28.0, 28.3, "PSNR 28.0 to 28.3 dB"),
        ("psnr_clipped_db", 28.01, 28.05, "PSNR 28.01 to 28.05 dB"),
        ("accuracy", 0.9, 0.9, "accuracy as before at 90.0 %"),
        ("accuracy", 0.92, 0.9199999999999999, "accuracy as before at 92.0 %"),
        ("accuracy", 0.9, 0.90001, "accuracy 90.0000 to 90.0010 %"),
        ("iou", 0.512, 0.518, "IoU 0.512 to 0.518"),
    ],
)
def test_a_difference_is_seen_in_its_digits(
    name: str, before: float, after: float, words: str
) -> None:
    found = MetricEffect(name, 3, after, before, after - before, None, None)
    assert found.words == words
    assert headline_of([found]) == words


def test_a_metric_that_nobody_names_is_no_headline() -> None:
    assert headline_of([MetricEffect("own", 1, 1.0, 1.0, 0.0, None, None)]) is None


def test_one_value_has_no_interval() -> None:
    assert interval_of_mean([0.5]) is None
    assert interval_of_mean([0.5, 0.5]) == (0.5, 0.5)
