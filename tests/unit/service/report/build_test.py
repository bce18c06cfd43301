"""The report of a job: its verdict, its samplers and what it cost."""

from __future__ import annotations

from typing import Any

import pytest

from service.states import Phase, TrialState
from tests.support.built_reports import report_of, row_of
from tests.support.report_records import Log, spec_of

TUNED = ["uniform", "uniform_tuned", "flat_tuned", "default_init_tuned", "density_tuned"]


class TestVerdict:
    def test_says_what_it_leaves_out(self) -> None:
        log = Log(spec_of())
        log.judge("random", 1.0, 0.5, 0.6)
        log.judge("uniform", 1.0, 1.0, None)
        assert report_of(log)["verdict"].endswith(
            "uniform diverged on 1 of 2 seeds: these are not averaged."
        )
        whole = Log(spec_of())
        whole.judge("random", 1.0, 0.5)
        whole.judge("uniform", 1.0, 1.0)
        assert "averaged" not in report_of(whole)["verdict"]

    def test_says_what_the_gain_is_due_to_and_what_it_costs(self) -> None:
        log = Log(spec_of(controls=TUNED, evaluation={"n_seeds": 3}, budget={"n_trials": 2}))
        log.judge("random", 0.8, 0.9, 0.98, 0.83)
        for name, effect in zip(TUNED, (0.0, 0.2, 0.2, 0.1, 0.25), strict=True):
            log.judge(name, 1.0 - effect, *(base * (1.0 - effect) for base in (1.0, 1.1, 0.9)))
        report = report_of(log)
        attribution = report["attribution"]
        assert (attribution["arm"], attribution["is_rate_tuned"]) == ("density_tuned", True)
        assert [part["relative"] for part in attribution["parts"]] == pytest.approx(
            [0.2, 0.0, 0.0625], abs=1e-12
        )
        beside = [part["relative"] for part in attribution["beside"]]
        assert beside == pytest.approx([0.0625, -0.125])
        assert attribution["missing"] == ()
        evidence = " ".join(report["evidence"])
        for words in (
            "density_tuned saves 25.0 % of uniform's loss",
            "learning rate 20.0 % [20.0, 20.0]",
            "spatial shape 6.",
        ):
            assert words in evidence
        assert "the density is folded into the weights" in report["verdict"]

    def test_trainings_beyond_the_last_look_change_nothing(self) -> None:
        """An evaluation ends at the look that decides, whatever else was trained."""
        spec = spec_of(controls=TUNED[:2], evaluation={"looks": [3, 6]})
        short, long = Log(spec), Log(spec)
        for log, n in ((short, 3), (long, 6)):
            log.judge("random", 0.8, *(0.5, 0.51, 0.49, 9.0, 8.0, 9.5)[:n])
            log.judge("uniform", 1.0, *(1.0, 1.01, 1.02, 0.1, 0.2, 0.1)[:n])
            log.judge("uniform_tuned", 0.9, *(0.9, 0.91, 0.92, 0.1, 0.2, 0.1)[:n])
        one, two = report_of(short), report_of(long)
        assert one["answer"]["outcome"] == "better"
        assert [look["n_seeds"] for look in one["answer"]["looks"]] == [3]
        for name in ("answer", "findings", "evidence", "attribution", "noise", "n_seeds"):
            assert one[name] == two[name]
        assert row_of(one, "uniform")["test"] == row_of(two, "uniform")["test"]

    def test_a_look_that_does_not_decide_is_followed_by_the_next(self) -> None:
        log = Log(spec_of(controls=TUNED[:2], evaluation={"looks": [2, 4]}))
        log.judge("random", 0.8, 0.5, 1.9, 0.95, 1.0)
        log.judge("uniform", 1.0, 1.0, 1.0, 1.0, 1.0)
        log.judge("uniform_tuned", 0.9, 1.0, 1.0, 1.0, 1.0)
        answer = report_of(log)["answer"]
        assert [look["n_seeds"] for look in answer["looks"]] == [2, 4]
        assert answer["outcome"] == "not decided"
        assert answer["plan"]["level"] < 0.05

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
        assert report["findings"] == [
            "No verdict: the job has no network without a density to compare with.",
            "Add the controls uniform and uniform_tuned.",
        ]
        assert report["attribution"] is None

    def test_without_final_trainings_it_says_so(self) -> None:
        log = Log(spec_of(controls=["uniform"], evaluation={"n_seeds": 0}))
        log.judge("random", 1.0)
        log.judge("uniform", 1.2)
        assert report_of(log)["findings"] == [
            "No verdict: the job has no final trainings (n_seeds 0) to judge on a test split."
        ]

    def test_a_plain_network_that_gave_nothing_is_named(self) -> None:
        log = Log(spec_of(controls=["uniform"]))
        log.judge("random", 1.0, 0.5, 0.6)
        assert report_of(log)["findings"] == [
            "No verdict: no training of a network without a density could be completed."
        ]

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
        assert report["samplers"]["pairs"] == ()  # three runs cannot part two samplers
        assert not report["samplers"]["is_test"]
        assert [row["repeat"] for row in report["arms"] if row["sampler"] == "tpe"] == [1, 2, 3]

    def test_they_are_judged_by_test_losses_on_the_seeds_that_all_share(self) -> None:
        log = Log(spec_of(samplers=["random", "tpe"], repeats=4, budget={"n_trials": 2}))
        for repeat in range(1, 5):
            # On the validation split tpe is better, on the test split random.
            own = 1.0 + 0.01 * repeat
            log.judge(f"random-{repeat}", 0.9, own, own + 0.1, 50.0 if repeat == 1 else None)
            log.judge(f"tpe-{repeat}", 0.5, own + 0.5, own + 0.6, 0.0)
        found = report_of(log)["samplers"]
        assert found["is_test"]
        rows = {row["sampler"]: row["mean"] for row in found["samplers"]}
        assert rows == pytest.approx({"random": 1.075, "tpe": 1.575})
        assert found["words"] == (
            "With 4 runs of a sampler, random reaches lower test losses than tpe."
        )


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
