"""Epochs saved by short and by stopped trainings."""

from __future__ import annotations

from typing import Any

import pytest

from service.states import Phase, TrialState
from tests.support.built_reports import report_of, row_of
from tests.support.report_records import Log, spec_of

MANY = {"n_trials": 10}


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
        assert (found["rank_correlation"], found["n_promoted"]) == (None, 3)
        # The short favourite's full loss is 0.31, the best one 0.3.
        kept = {"n_searches": 1, "n_kept": 0, "cost": pytest.approx(0.31 / 0.3 - 1.0)}
        assert found["favourites"] == kept
        assert found["words"].endswith(
            "The short favourite was not the favourite; to take it would have cost 3.3 % on "
            "average."
        )
        row = row_of(report, "random")
        assert (row["validation_loss"], row["search_loss"]) == (0.3, 0.6)
        assert report["cost"]["pruned"] == 1

    def test_arms_that_differ_are_no_correlation(self) -> None:
        """Two searches whose losses differ ten times more than their points do."""
        fidelity = {"search_fraction": 0.5, "promote": 3}
        log = Log(spec_of(samplers=["random", "tpe"], fidelity=fidelity, budget=MANY))
        fulls = {"random": (0.4, 0.2, 0.3), "tpe": (10.2, 10.3, 10.4)}
        for name, own in fulls.items():
            for rank, value in enumerate(own):
                point = [rank / 10]
                log.trial(name, rank, min(own) + 0.1 * rank, point=point)
                log.trial(name, rank, value, point=point, phase=Phase.PROMOTION)
            log.best[name] = log.trials[-1]
        found = report_of(log)["fidelity"]
        assert (found["rank_correlation"], found["n_promoted"]) == (None, 6)
        # random's favourite costs 100 %, tpe's nothing.
        assert found["favourites"] == {"n_searches": 2, "n_kept": 1, "cost": pytest.approx(0.5)}
        assert "in 1 of 2 searches; to take it would have cost 50 % on average" in found["words"]

    def test_a_correlation_takes_eight_points_of_one_search(self) -> None:
        for n in (7, 8):
            log = Log(spec_of(fidelity={"search_fraction": 0.5, "promote": n}, budget=MANY))
            fulls = [0.1 * rank for rank in range(1, n + 1)]
            fulls[0], fulls[1] = fulls[1], fulls[0]
            for rank, value in enumerate(fulls):
                log.trial("random", rank, 1.0 + rank, point=[rank / 10])
                log.trial("random", rank, value, point=[rank / 10], phase=Phase.PROMOTION)
            log.best["random"] = log.trials[-1]
            found = report_of(log)["fidelity"]["rank_correlation"]
            # Two of eight ranks are exchanged: 1 - 6 * 2 / (8 * 63).
            assert found == (None if n < 8 else pytest.approx(1.0 - 12.0 / 504.0))

    def test_a_loss_below_zero_has_no_share(self) -> None:
        log = Log(spec_of(fidelity={"search_fraction": 0.5, "promote": 2}, budget=MANY))
        for rank, value in enumerate((-1.0, -2.0)):
            log.trial("random", rank, float(rank), point=[rank / 10])
            log.trial("random", rank, value, point=[rank / 10], phase=Phase.PROMOTION)
        log.best["random"] = log.trials[-1]
        found = report_of(log)["fidelity"]
        assert found["favourites"] == {"n_searches": 1, "n_kept": 0, "cost": None}
        assert found["words"].endswith("The short favourite was not the favourite.")

    def test_a_plateau_is_found_among_full_trainings(self) -> None:
        fidelity = {"search_fraction": 0.25, "promote": 5}
        log = Log(spec_of(fidelity=fidelity, budget={"n_trials": 5}))
        for number, u in enumerate([0.1, 0.2, 0.3, 0.4, 0.5]):
            log.trial("random", number, 2.0 + 0.001 * u, point=[u])
        pairs = [(0.1, 1.5), (0.2, 1.0), (0.3, 1.01), (0.4, 1.6), (0.5, 1.7)]
        for rank, (u, value) in enumerate(pairs):
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
