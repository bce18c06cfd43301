"""The report of a job, from arms and trials made by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from service.report import build_report
from service.states import Phase, TrialState
from tests.support.report_records import Log, spec_of

TUNED = ["uniform", "uniform_tuned", "flat_tuned", "default_init_tuned", "density_tuned"]


def report_of(log: Log) -> dict[str, Any]:
    report = build_report(log.spec, log.arms(), log.trials)
    assert json.loads(json.dumps(report, allow_nan=False)) is not None
    return report


def row_of(report: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(row for row in report["arms"] if row["name"] == name)
    return found


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
        assert report["version"] == 2
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
        assert "completed on no common seed" in report["verdict"]

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
        assert "after Holm's correction for 2 arms" in report["verdict"]

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


class TestVerdict:
    def test_says_what_it_leaves_out(self) -> None:
        log = Log(spec_of())
        log.judge("random", 1.0, 0.5, None)
        log.judge("uniform", 1.0, 1.0, 1.0)
        verdict = report_of(log)["verdict"]
        assert verdict.endswith(
            "Excluded: 1 final training of these two arms that diverged or failed."
        )
        whole = Log(spec_of())
        whole.judge("random", 1.0, 0.5)
        whole.judge("uniform", 1.0, 1.0)
        assert "Excluded" not in report_of(whole)["verdict"]

    def test_says_what_the_gain_is_due_to_and_what_it_costs(self) -> None:
        log = Log(spec_of(controls=TUNED, evaluation={"n_seeds": 3}, budget={"n_trials": 2}))
        log.judge("random", 0.8, 0.9, 0.98, 0.83)
        for name, effect in zip(TUNED, (0.0, 0.2, 0.2, 0.1, 0.25), strict=True):
            log.judge(name, 1.0 - effect, *(base - effect for base in (1.0, 1.1, 0.9)))
        report = report_of(log)
        attribution = report["attribution"]
        assert (attribution["arm"], attribution["is_rate_tuned"]) == ("density_tuned", True)
        assert [part["difference"] for part in attribution["parts"]] == pytest.approx(
            [0.2, 0.0, 0.05], abs=1e-12
        )
        assert [p["difference"] for p in attribution["beside"]] == pytest.approx([0.05, -0.1])
        assert attribution["missing"] == ()
        for words in (
            "Of the 25.0 % that density_tuned gains over uniform",
            "20.0 points are due to the learning rate",
            "5.0 points are due to the spatial shape",
            "the density is folded into the weights",
        ):
            assert words in report["verdict"]

    def test_a_search_that_tunes_the_rate_stands_for_the_tuned_density(self) -> None:
        search = {"lr": {"low": 0.01, "high": 0.1, "log": True}}
        log = Log(spec_of(search=search, controls=["uniform", "uniform_tuned"]))
        log.judge("random", 0.8, 0.5, 0.6)
        log.judge("uniform", 1.0, 1.0, 1.2)
        log.judge("uniform_tuned", 0.9, 0.8, 1.0)
        attribution = report_of(log)["attribution"]
        assert (attribution["arm"], attribution["is_rate_tuned"]) == ("random", True)
        assert attribution["missing"] == ("flat_tuned", "default_init_tuned")

    def test_a_job_without_uniform_is_not_judged(self) -> None:
        log = Log(spec_of(controls=[]))
        log.judge("random", 1.0, 0.5, 0.6)
        report = report_of(log)
        assert report["verdict"].startswith("No verdict")
        assert report["attribution"] is None

    def test_a_function_has_a_least_value(self) -> None:
        body: dict[str, Any] = {
            "task": {"kind": "function", "name": "branin"},
            "density": None,
            "samplers": ["direct_l", "random"],
            "controls": [],
            "evaluation": {"n_seeds": 0},
        }
        log = Log(spec_of(**body))
        log.judge("direct_l", 0.5, payload={"task": {}, "point": [0.5, 0.5]})
        log.judge("random", 0.4, payload={"task": {}, "point": [0.5, 0.5]})
        report = report_of(log)
        assert report["verdict"] == "The lowest value found is 0.4, by random."
        for name in ("attribution", "noise", "fidelity", "samplers"):
            assert report[name] is None
        assert row_of(report, "random")["plateau"] is None


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


class TestSamplers:
    def test_repeats_are_compared(self) -> None:
        spec = spec_of(samplers=["direct_l", "random", "tpe"], repeats=3, budget={"n_trials": 2})
        log = Log(spec)
        log.judge("direct_l", 1.5)
        for repeat, (random, tpe) in enumerate([(2.0, 1.0), (2.1, 1.1), (2.2, 1.2)], start=1):
            log.judge(f"random-{repeat}", random)
            log.judge(f"tpe-{repeat}", tpe)
        report = report_of(log)
        rows = {row["sampler"]: row for row in report["samplers"]["samplers"]}
        assert list(rows) == ["tpe", "direct_l", "random"]
        assert rows["tpe"]["mean"] == pytest.approx(1.1)
        assert (rows["direct_l"]["n"], rows["direct_l"]["is_deterministic"]) == (1, True)
        assert len(report["samplers"]["pairs"]) == 3
        assert [row["repeat"] for row in report["arms"] if row["sampler"] == "tpe"] == [1, 2, 3]


class TestFidelity:
    def test_what_short_and_stopped_trainings_saved(self) -> None:
        spec = spec_of(
            fidelity={"search_fraction": 0.25, "promote": 3},
            pruning={"warmup_epochs": 1},
            training={"epochs": 16},
            budget={"n_trials": 5},
        )
        log = Log(spec)
        short: dict[str, Any] = {"payload": {"training": {"epochs": 4}}}
        full: dict[str, Any] = {"payload": {"training": {"epochs": 16}}, "phase": Phase.PROMOTION}
        for number, value in enumerate([0.5, 0.6, 0.7]):
            log.trial("random", number, value, point=[number / 10], **short)
        log.trial("random", 3, 0.9, state=TrialState.PRUNED, curve=[1.0, 0.9], **short)
        log.trial("random", 4, 1000.0, is_diverged=True, **short)
        for rank, value in enumerate([0.31, 0.3, 0.4]):
            log.trial("random", rank, value, point=[rank / 10], **full)
        log.best["random"] = log.trials[6]
        log.tests("random", 0.2, 0.3)
        report = report_of(log)
        found = report["fidelity"]
        # 4 trainings of 16 epochs: 3 ran 4, one 2 of its 4; then 3 in full.
        assert (found["n_trainings"], found["n_pruned"]) == (4, 1)
        assert (found["full_epochs"], found["saved_by_short"]) == (64, 48)
        assert (found["saved_by_pruning"], found["spent_on_promotions"]) == (2, 48)
        assert (found["run_epochs"], found["fraction"]) == (62, pytest.approx(62 / 64))
        # Ranks 1 2 3 became 2 1 3: 1 - 6 * 2 / (3 * 8) = 0.5.
        assert (found["rank_correlation"], found["n_promoted"]) == (pytest.approx(0.5), 3)
        row = row_of(report, "random")
        assert (row["validation_loss"], row["search_loss"]) == (0.3, 0.6)
        assert report["cost"]["pruned"] == 1

    def test_a_plateau_is_found_among_full_trainings(self) -> None:
        fidelity = {"search_fraction": 0.25, "promote": 3}
        log = Log(spec_of(fidelity=fidelity, budget={"n_trials": 5}))
        for number, u in enumerate([0.1, 0.2, 0.3, 0.4, 0.5]):
            log.trial("random", number, 2.0 + 0.001 * u, point=[u])
        for rank, (u, value) in enumerate([(0.1, 1.5), (0.2, 1.0), (0.3, 1.01)]):
            log.trial("random", rank, value, point=[u], phase=Phase.PROMOTION)
        log.best["random"] = log.trials[6]
        log.tests("random", 1.0, 1.0)
        log.judge("uniform", 1.0, 1.01, 0.99)
        found = row_of(report_of(log), "random")["plateau"]
        assert (found["n_trials"], found["axes"][0]["text"]) == (2, "0.40 to 0.60")

    def test_the_same_training_counts_once(self) -> None:
        spec = spec_of(
            samplers=["random", "tpe"],
            fidelity={"search_fraction": 0.5, "promote": 1},
            training={"epochs": 4},
        )
        log = Log(spec)
        for name in ("random", "tpe"):
            short = {"payload": {"training": {"epochs": 2}}, "digest": "same"}
            log.trial(name, 0, 0.5, **short)
            full = {"payload": {"training": {"epochs": 4}}, "digest": "full"}
            log.best[name] = log.trial(name, 0, 0.4, phase=Phase.PROMOTION, **full)
        found = report_of(log)["fidelity"]
        assert (found["n_trainings"], found["full_epochs"], found["run_epochs"]) == (1, 4, 6)
        assert (found["rank_correlation"], found["n_promoted"]) == (None, 1)

    def test_searched_epochs_have_their_own_full_length(self) -> None:
        spec = spec_of(
            search={"epochs": {"low": 2, "high": 8, "integer": True}},
            fidelity={"search_fraction": 0.5, "promote": 1},
        )
        log = Log(spec)
        log.judge("random", 0.5, params={"epochs": 8}, payload={"training": {"epochs": 4}})
        assert report_of(log)["fidelity"]["full_epochs"] == 8

    def test_a_plain_job_has_none(self) -> None:
        log = Log(spec_of())
        log.judge("random", 0.5)
        report = report_of(log)
        assert report["fidelity"] is None
        assert row_of(report, "random")["search_loss"] is None


class TestCost:
    def test_a_training_counts_once_whichever_trial_it_was_done_for(self) -> None:
        log = Log(spec_of(samplers=["direct_l", "random"], budget={"n_trials": 3}))
        log.judge("direct_l", 1.0, digest="a")
        ahead = log.trial("direct_l", None, 1.0, digest="b", certainty="predicted")
        log.judge("random", 1.0, digest="a", cached_from=1)
        log.trial("random", 1, 1.0, digest="b", cached_from=ahead.id)
        log.trial("random", 2, 1.0, digest="c", cached_from=99)  # of another job
        log.trial("direct_l", None, 1.0, digest="unneeded", certainty="predicted")
        cost = report_of(log)["cost"]
        assert (cost["trained"], cost["cached"], cost["failed"]) == (2, 2, 0)
        assert cost["training_s"] == 6.0  # three trainings were run by this job

    def test_a_training_that_one_study_gave_up_is_another_s(self) -> None:
        """It was done for the job, whether it ran on in the study that stops it, or again."""
        for source in (None, 1):
            log = Log(spec_of(samplers=["tpe", "random"], pruning={"warmup_epochs": 1}))
            log.trial("tpe", 0, 1.0, digest="a", state=TrialState.PRUNED, curve=[2.0, 1.0])
            log.judge("random", 1.0, digest="a", cached_from=source)
            cost = report_of(log)["cost"]
            assert (cost["trained"], cost["cached"], cost["pruned"]) == (1, 0, 1)

    def test_what_an_extended_job_left_behind_counts_for_nothing(self) -> None:
        log = Log(spec_of())
        log.judge("random", 1.0, 0.9, 0.9)
        log.trial("random", 0, 0.1, phase=Phase.SUPERSEDED)
        report = report_of(log)
        assert row_of(report, "random")["validation_loss"] == 1.0
        assert report["cost"]["trained"] == 3


class TestTiming:
    def test_the_overhead_is_a_ratio_of_like_trainings(self) -> None:
        log = Log(spec_of(samplers=["random", "tpe"]))
        log.judge("random", 1.0)
        log.tests("random", 0.9, 0.9, training_s=2.4)
        log.judge("tpe", 1.0)
        other = {"training": {"epochs": 8}, "network": {}}
        log.tests("tpe", 0.9, training_s=9.0, payload=other)
        log.judge("uniform", 1.0)
        log.tests("uniform", 1.0, 1.0, training_s=2.0)
        overhead = report_of(log)["timing"]["overhead"]
        assert overhead["ratio"] == pytest.approx(1.2)
        assert (overhead["n"], overhead["n_uniform"]) == (2, 2)
        assert "1.20 times as long" in overhead["words"]

    def test_of_packs_it_tells_nothing(self) -> None:
        log = Log(spec_of())
        packed = {"training": {"epochs": 4}, "network": {}, "packed": True}
        for arm, training_s in (("random", 1.0), ("uniform", 4.0)):  # one of four, one alone
            log.judge(arm, 1.0, payload=packed)
            log.tests(arm, 0.9, 0.9, training_s=training_s, payload=packed)
        assert report_of(log)["timing"]["overhead"] is None

    def test_without_uniform_there_is_none(self) -> None:
        log = Log(spec_of(controls=[]))
        log.judge("random", 1.0, 0.9)
        assert report_of(log)["timing"] == {"overhead": None, "speculation": None}
