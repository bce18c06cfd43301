"""What is read off a job's report."""

from __future__ import annotations

import math
from dataclasses import asdict

import pytest
from scipy import stats

from service.campaigns.report.cells import log_ratio, result_of
from service.report.effects import effect_of
from tests.support.campaign_cells import cell, effect, spec_of


def test_an_effect_is_read_as_the_job_computed_it() -> None:
    ours = dict(enumerate((0.91, 0.95, 0.99, 0.93, 0.90)))
    theirs = dict(enumerate((1.0, 1.02, 1.01, 0.99, 1.03)))
    made = effect_of(ours, theirs, 0.05)
    assert made is not None
    found = log_ratio(asdict(made))
    assert found is not None
    logs = [math.log(ours[seed] / theirs[seed]) for seed in ours]
    test = stats.ttest_1samp(logs, 0.0, alternative="less")
    assert found.mean == pytest.approx(sum(logs) / 5)
    assert found.variance == pytest.approx(stats.sem(logs) ** 2)
    assert found.p == pytest.approx(test.pvalue, rel=1e-6)
    low, high = stats.ttest_1samp(logs, 0.0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((low, high))


def test_p_of_several_looks_is_scaled_to_the_level_of_all() -> None:
    one, many = (log_ratio(effect(-0.05, 0.02, level=level)) for level in (0.05, 0.0195))
    assert one is not None
    assert many is not None
    assert many.p == pytest.approx(one.p * 0.05 / 0.0195)
    worse = log_ratio(effect(0.05, 0.02))
    assert worse is not None
    assert worse.p == pytest.approx(1.0 - one.p)


def test_a_cell_has_what_its_job_says() -> None:
    found = result_of(cell(3, "digits", effect(-0.05, 0.02)))
    assert (found.index, found.outcome, found.radius, found.split) == (3, "better", 1.25, "digits")
    assert found.network == (8.0, 3.0)
    assert found.n_train is None


def test_a_spec_that_cannot_be_read_here_has_no_split() -> None:
    gone = spec_of("digits", task={"kind": "a.package", "x": 1})
    found = result_of(cell(0, "digits", effect(-0.05, 0.02), spec=gone))
    assert found.split is None
    assert found.effect is not None


@pytest.mark.parametrize("report", [None, {}, {"verdict": "of an early version", "arms": []}])
def test_a_report_of_an_earlier_version_has_less(report: dict[str, object] | None) -> None:
    found = result_of(cell(0, report=report))
    assert [found.outcome, found.effect, found.radius, found.valley] == [None] * 4


def test_an_interval_without_a_lower_end_above_all_loss_is_read() -> None:
    """Two pairs of which one nearly diverged; earlier versions stored a low end of -1."""
    made = effect_of({0: 0.5, 1: 0.5}, {0: 0.5, 1: 1e5})
    assert made is not None
    found = log_ratio({**asdict(made), "low": -1.0, "high": 1e31})
    assert found is not None
    assert found.low < found.mean < found.high
    assert math.isfinite(found.low)
