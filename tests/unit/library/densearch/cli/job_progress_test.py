"""What a watcher knows, from events and polls."""

from __future__ import annotations

from typing import Any

from densearch.cli.job_progress import Bar
from densearch.client.client import Event
from tests.support.watching import study, trial, watched


class TestBars:
    def test_speculative_trials_never_exceed_the_budget(self) -> None:
        known = watched(study("direct_l", 1, n_finished=15), study("tpe", 2, is_finished=True))
        assert known.bars()[:2] == [
            Bar("direct_l", 12, 12, 0, None),
            Bar("tpe", 12, 12, 0, None),
        ]

    def test_cached_trials_are_counted_for_their_study_and_phase(self) -> None:
        known = watched(study("direct_l", 1), study("tpe", 2))
        known.take(trial(1, "COMPLETED", cached=True))
        known.take(trial(2, "COMPLETED"))
        known.take(trial(3, "COMPLETED", cached=True, phase="evaluation"))
        assert [(bar.name, bar.n_cached) for bar in known.bars()] == [
            ("direct_l", 1),
            ("tpe", 0),
            ("evaluation", 1),
        ]

    def test_a_promotion_has_its_bar_and_a_better_speculation_none(self) -> None:
        progress = {"n_promotions": 3, "n_promotions_finished": 1, "n_evaluations": 0}
        known = watched(
            study("direct_l", 1), study("direct_l_speculation", 2, n_trials=0), progress=progress
        )
        known.take(trial(4, "COMPLETED", cached=True, phase="promotion"))
        assert known.bars()[1:] == [Bar("finalists", 1, 3, 1, None)]
        known.take(trial(5, "COMPLETED", cached=True, phase="confirmation"))
        known.job["progress"]["n_promotions_finished"] = 2
        assert known.bars()[1:] == [Bar("finalists", 2, 3, 2, None)]

    def test_a_search_tells_what_ran_ahead_and_where_it_stopped(self) -> None:
        known = watched(
            study("direct_l", 1, n_evaluated=7, hit_rate=0.75),
            study(
                "direct_l_rand",
                2,
                n_finished=9,
                n_evaluated=9,
                stopped_at=9,
                stopped_by="noise",
                is_finished=True,
            ),
        )
        first, second = known.bars()[:2]
        assert (first.n_done, first.n_ahead, first.hit_rate) == (3, 4, 0.75)
        assert (second.n_done, second.n_total, second.n_ahead) == (9, 9, 0)
        assert second.note == "stopped below the noise"
        (unsure, *_) = watched(study("direct_l", 1, n_evaluated=3, hit_rate=0.0)).bars()
        assert unsure.hit_rate is None, "its guesses are still in training"

    def test_no_bar_for_an_evaluation_that_has_not_begun(self) -> None:
        known = watched(study("tpe", 1), progress={"n_evaluations": 0})
        assert [bar.name for bar in known.bars()] == ["tpe"]


class TestRunning:
    def test_an_epoch_is_shown_while_the_trial_runs_and_no_longer(self) -> None:
        known = watched(study("tpe", 1))
        known.take(trial(9, "RUNNING"))
        assert known.running() == ["trial 9 (tpe)"]
        metrics = {"trial_id": 9, "study_id": 1, "epoch": 2, "metrics": {"val_loss": 0.00412345}}
        known.take(Event(10, "measurement", metrics))
        assert known.running() == ["trial 9 (tpe) epoch 2/4: val_loss 0.004123"]
        known.take(trial(9, "COMPLETED"))
        assert known.running() == []
        known.take(trial(9, "WAITING"))
        known.take(trial(9, "RUNNING"))
        assert known.running() == ["trial 9 (tpe)"], "a new attempt begins without an epoch"

    def test_epochs_are_counted_to_an_end_only_where_all_trainings_are_as_long(self) -> None:
        training = {"training": {"epochs": 4}}
        unequal: list[dict[str, Any]] = [
            {"fidelity": {"search_fraction": 0.5}},
            {"search": {"epochs": {}}},
        ]
        for more in unequal:
            assert watched(spec={**training, **more}).n_epochs is None
        assert watched(spec={**training, "fidelity": None, "search": {}}).n_epochs == 4

    def test_a_full_training_is_told_from_a_search(self) -> None:
        known = watched(study("tpe", 1))
        known.take(trial(9, "RUNNING", phase="promotion"))
        assert known.running() == ["trial 9 (tpe, promotion)"]


class TestEvents:
    def test_a_job_that_is_queued_again_forgets_what_it_chooses_anew(self) -> None:
        known = watched(
            study("tpe", 1), progress={"n_evaluations": 2, "n_evaluations_finished": 2}
        )
        known.take(trial(1, "COMPLETED", cached=True))
        known.take(trial(2, "COMPLETED", cached=True, phase="evaluation"))
        known.take(Event(9, "job", {"state": "QUEUED"}))
        assert [bar.n_cached for bar in known.bars()] == [1, 0]
        assert known.is_stale

    def test_a_replayed_state_never_takes_the_job_back(self) -> None:
        known = watched(state="SUCCEEDED")
        known.take(Event(1, "job", {"state": "QUEUED"}))
        assert known.is_over
        assert known.is_stale
        known.poll(known.job, [])
        assert not known.is_stale

    def test_an_unknown_kind_is_passed_over(self) -> None:
        known = watched(study("tpe", 1))
        known.take(Event(1, "from-the-future", {"x": 1}))
        assert known.running() == []
