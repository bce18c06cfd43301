"""The report's row of an arm: what was found, and how it compares."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from service.states import Phase, TrialState
from tests.support.built_reports import report_of, row_of
from tests.support.report_records import Log, spec_of


class TestArms:
    def test_a_row_says_what_was_found_and_how_it_compares(self) -> None:
        log = Log(spec_of())
        log.judge("random", 0.8, 0.5, 0.7, params={"den": [0.5]})
        log.judge("uniform", 1.0, 1.0, 1.4)
        report = report_of(log)
        row = row_of(report, "random")
        assert (row["validation_loss"], row["params"]) == (0.8, {"den": [0.5]})
        assert row["density"]["den"] == [0.5]  # the point 0.25 of the box from 0 to 2
        assert (row["test"]["loss_mean"], row["test"]["n"]) == (pytest.approx(0.6), 2)
        versus = row["vs_uniform"]
        assert versus["difference"] == pytest.approx(-0.6)
        assert versus["relative"] == pytest.approx(-0.5)
        assert (versus["win_rate"], versus["n"]) == (1.0, 2)
        assert row_of(report, "uniform")["vs_uniform"] is None
        assert report["version"] == 3
        assert report["best_arm"] == "random"

    def test_a_metric_that_one_seed_lacks_is_the_mean_of_the_others(self) -> None:
        # A PSNR of a perfect image is infinite: JSON has no word for it, and it is left out.
        log = Log(spec_of())
        log.judge("random", 1.0)
        log.trial("random", 0, 0.0, phase=Phase.EVALUATION)
        metrics = {"loss": 1.0, "psnr_db": 30.0}
        log.trial("random", 1, 1.0, phase=Phase.EVALUATION, metrics=metrics)
        test = row_of(report_of(log), "random")["test"]
        assert test["metrics"] == {"loss": pytest.approx(0.5), "psnr_db": pytest.approx(30.0)}

    def test_an_arm_whose_evaluations_all_diverged_is_not_compared(self) -> None:
        log = Log(spec_of())
        log.judge("random", 1.0, None, None)
        log.judge("uniform", 1.0, 1.0, 1.0)
        report = report_of(log)
        row = row_of(report, "random")
        assert (row["test"]["n"], row["test"]["n_diverged"], row["vs_uniform"]) == (0, 2, None)
        assert report["verdict"].startswith("Do not use the density. Its training diverged on 2")

    def test_an_arm_without_a_value_has_no_row_and_no_other_is_blamed(self) -> None:
        log = Log(spec_of())
        log.trial("random", 0, None, state=TrialState.FAILED, metrics=None)
        log.judge("uniform", 1.0, 1.0)
        report = report_of(log)
        assert [row["name"] for row in report["arms"]] == ["uniform"]
        assert report["best_arm"] is None
        assert report["verdict"] == "No search found a density that could be trained."
        assert report["cost"]["failed"] == 1

    def test_p_is_corrected_for_all_arms(self) -> None:
        log = Log(spec_of(evaluation={"n_seeds": 3}))
        log.judge("random", 0.8, 0.9, 0.98, 0.83)
        log.judge("flat", 0.9, 0.95, 1.2, 0.9)
        log.judge("uniform", 1.0, 1.0, 1.1, 0.9)
        report = report_of(log)
        ours, flat = (row_of(report, name)["vs_uniform"] for name in ("random", "flat"))
        assert ours["p"] < flat["p"]
        assert (ours["p_holm"], ours["n_compared"]) == (pytest.approx(2 * ours["p"]), 2)
        assert flat["p_holm"] == pytest.approx(flat["p"])
        assert ours["level"] == pytest.approx(0.025)  # of its step in Holm's procedure
        assert ours["change"] == pytest.approx(ours["relative"], abs=0.01)
        assert (ours["change_high"] < 0.0) == (ours["p_holm"] < 0.05)

    def test_planned_looks_count_for_every_p(self) -> None:
        rows = []
        for evaluation in ({"n_seeds": 3}, {"looks": [3, 6]}):
            log = Log(spec_of(evaluation=evaluation))
            log.judge("random", 0.8, 0.9, 0.98, 0.83)
            log.judge("uniform", 1.0, 1.0, 1.1, 0.9)
            rows.append(row_of(report_of(log), "random")["vs_uniform"])
        once, twice = rows
        assert once["p"] == twice["p"]
        assert twice["p_holm"] > 1.5 * once["p_holm"]
        assert twice["level"] < once["level"]

    def test_every_metric_has_an_interval(self) -> None:
        log = Log(spec_of(evaluation={"n_seeds": 3}))
        log.judge("uniform", 1.0)
        log.judge("random", 1.0)
        for seed, accuracy in enumerate((0.8, 0.9, 0.85)):
            known = {"accuracy": accuracy, "constant_loss": 9.0}
            log.tests_one("random", seed, 1.0, known)
        test = row_of(report_of(log), "random")["test"]
        low, high = test["metric_intervals"]["accuracy"]
        # t(0.975, 2) 0.05 / sqrt(3) = 0.1242
        assert (low, high) == (pytest.approx(0.7258, abs=1e-4), pytest.approx(0.9742, abs=1e-4))
        assert "constant_loss" not in test["metric_intervals"]

    def test_a_speculation_is_shown_and_changes_nothing_else(self) -> None:
        """Which points were run ahead depends on who was idle, not on the spec."""
        spec = spec_of(samplers=["direct_l"], use_speculation=True, evaluation={"n_seeds": 3})
        reports = []
        for has_speculation in (False, True):
            log = Log(spec)
            log.judge("direct_l", 0.8, 0.9, 0.98, 0.83)
            log.judge("uniform", 1.0, 1.0, 1.1, 0.9)
            if has_speculation:
                ahead = log.trial("direct_l", None, 0.5, certainty="predicted")
                log.best["direct_l_speculation"] = ahead
                log.tests("direct_l_speculation", 0.4, 0.5, 0.45)
            reports.append(report_of(log))
        without, with_one = reports
        extra = row_of(with_one, "direct_l_speculation")
        assert extra["vs_uniform"]["p_holm"] is None
        assert extra["density"]["den"] == [0.5]
        assert with_one["timing"]["speculation"] == {"n_ahead": 1, "n_hits": 0}
        for report in reports:
            report["arms"] = [r for r in report["arms"] if r["role"] != "speculation"]
            report.pop("timing")
            report["cost"].pop("training_s")
        assert with_one == without


class TestPlateau:
    def test_is_found_among_the_confirmed_trials_of_the_search(self) -> None:
        log = Log(spec_of(budget={"n_trials": 5}))
        for number, (u, value) in enumerate([(0.1, 2.0), (0.2, 1.001), (0.4, 1.002), (0.5, 2.0)]):
            log.trial("random", number, value, point=[u])
        log.judge("random", 1.0, 1.0, 1.0, point=[0.3])
        log.best["random"] = log.trials[4]
        log.trial("random", None, 0.2, point=[0.31], certainty="predicted")
        log.trial("random", 4, 1000.0, point=[0.35], is_diverged=True)
        log.judge("uniform", 1.0, 1.01, 0.99)
        report = report_of(log)
        assert (report["noise"]["n_arms"], report["noise"]["n_seeds"]) == (2, 2)
        # Differences -0.01 and 0.01 of losses around 1: their standard deviation is 0.01414.
        assert report["noise"]["relative"] == pytest.approx(0.0141421, abs=1e-6)
        # One degree of freedom: t(0.975) is 12.706.
        assert report["noise"]["limit"] == pytest.approx(12.706 * 0.0141421, rel=1e-4)
        found = row_of(report, "random")["plateau"]
        assert found["n_trials"] == 3
        (axis,) = found["axes"]
        assert axis["axis"] == "den[0]"
        assert (axis["low"], axis["best"], axis["high"]) == pytest.approx((0.4, 0.6, 0.8))
        assert axis["text"] == "0.40 to 0.80"

    def test_needs_two_seeds(self) -> None:
        log = Log(spec_of())
        log.judge("random", 1.0, 1.0)
        log.judge("uniform", 1.0, 1.1)
        report = report_of(log)
        assert report["noise"] is None
        assert row_of(report, "random")["plateau"] is None


def searched_valley() -> Log:
    """A search whose losses are least in the middle of the box, at its sixth trial."""
    log = Log(spec_of(budget={"n_trials": 11}))
    for number in range(11):
        u = number / 10.0
        log.trial("random", number, math.exp((u - 0.5) ** 2), point=[u])
    return log


class TestOptimum:
    def test_is_fitted_though_the_best_has_the_mean_of_its_validation_seeds(self) -> None:
        log = searched_valley()
        log.best["random"] = replace(log.trials[5], value=1.002)
        log.tests("random", 1.0, 1.0)
        log.judge("uniform", 1.0, 1.01, 0.99)
        found = row_of(report_of(log), "random")["optimum"]
        assert found["axis"] == "den[0]"
        assert found["value"] == pytest.approx(1.0, abs=0.01)  # the middle of the box, 0 to 2
        assert found["low"] < 1.0 < found["high"]

    def test_of_two_values_is_fitted_together(self) -> None:
        log = Log(
            spec_of(
                network={"kind": "dncnn", "kernel_size": 5},
                density={"bounds": [[0.0, 2.0], [0.0, 2.0]]},
                budget={"n_trials": 25},
            )
        )
        middle = len(log.trials) + 12
        for number in range(25):
            point = [0.1 + 0.2 * (number // 5), 0.1 + 0.2 * (number % 5)]
            loss = math.exp(0.4 * sum((u - 0.5) ** 2 for u in point))
            log.trial("random", number, loss, point=point)
        log.best["random"] = log.trials[middle]
        log.tests("random", 1.0, 1.0)
        log.judge("uniform", 1.0, 1.01, 0.99)
        row = row_of(report_of(log), "random")
        assert row["optimum"] is None
        found = row["joint_optimum"]
        assert (found["reason"], [axis["axis"] for axis in found["axes"]]) == (
            None, ["den[0]", "den[1]"]
        )  # fmt: skip
        for axis in found["axes"]:
            assert axis["value"] == pytest.approx(1.0, abs=0.1)
            assert axis["low"] < 1.0 < axis["high"]

    def test_is_none_where_a_simpler_arm_represents_the_search(self) -> None:
        log = searched_valley()
        log.judge("uniform", 1.0, 1.01, 0.99)
        log.best["random"] = log.best["uniform"]
        log.tests("random", 1.01, 0.99)
        assert row_of(report_of(log), "random")["optimum"] is None
