"""What a study is judged by, and which short trainings a promotion continues."""

from __future__ import annotations

from typing import Any

from service.orchestration import promotion
from service.states import Phase
from tests.support.runs import run_of

SHORT: dict[str, Any] = {
    "budget": {"n_trials": 2},
    "fidelity": {"search_fraction": 0.5, "promote": 2},
    "training": {"epochs": 4},
}


def test_a_study_is_judged_by_its_best_promotion_where_the_search_trained_short() -> None:
    run, log = run_of(**SHORT)
    study = next(s for s in run.studies if s.record.name == "random")
    for trial in (
        log.trial("random", 0, 0.5),
        log.trial("random", 0, 2.0, phase=Phase.PROMOTION),
        log.trial("random", 1, 1.0, phase=Phase.PROMOTION),
    ):
        run.log.add(trial, is_new=False)
    best = promotion.best_in_full(run, study)
    assert best is not None
    assert (best.phase, best.value) == (Phase.PROMOTION, 1.0)


def test_a_study_is_judged_by_the_best_of_its_search_otherwise() -> None:
    run, log = run_of()
    study = next(s for s in run.studies if s.record.name == "random")
    run.log.add(log.trial("random", 0, 0.5), is_new=False)
    assert promotion.best_in_full(run, study) is study.best is not None


def test_only_a_short_training_of_a_search_may_be_continued() -> None:
    (short, log), (full, _) = run_of(**SHORT), run_of()
    searched = log.trial("random", 0)
    judged = log.trial("random", 0, phase=Phase.EVALUATION)
    assert promotion.may_be_continued(short.resolved, searched)
    assert not promotion.may_be_continued(full.resolved, searched)
    assert not promotion.may_be_continued(short.resolved, judged)


def test_without_fidelity_the_best_three_are_confirmed_by_further_seeds() -> None:
    run, log = run_of(validation_seeds=3, budget={"n_trials": 5})
    study = next(s for s in run.studies if s.record.name == "random")
    for number, value in enumerate([1.4, 1.0, 1.1, 1.5, 1.2]):
        run.log.add(log.trial("random", number, value, point=[number / 10]), is_new=False)
    chosen = promotion.finalists(run, study)
    assert [trial.number for trial in chosen] == [1, 2, 4]
    for rank, value in enumerate([2.0, 1.1, 1.3]):
        seed = log.trial("random", rank, value, point=chosen[rank].point, phase=Phase.CONFIRMATION)
        run.log.add(seed, is_new=False)
    best = promotion.best_in_full(run, study)
    assert best is not None
    assert (best.number, best.value) == (2, 1.1)
