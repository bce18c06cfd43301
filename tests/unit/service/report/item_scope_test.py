"""What an answer holds for: the trainings that are compared, and the lines about their items."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from service.item_losses import ItemLosses
from service.report import build_report
from service.report.item_scope import trainings_in_question
from service.report.primary import SeedPlan
from tests.support.report_records import Log, spec_of

HOLDS = "The interval is over seeds of training: it holds for these splits and these densities"


def log_of(n_seeds: int = 3, diverged: int | None = None, **changes: Any) -> Log:
    """Return a job whose density is 10 % better on each seed."""
    log = Log(spec_of(evaluation={"n_seeds": n_seeds}, **changes))
    for name, level in (("random", 0.9), ("uniform", 1.0), ("flat", 1.1)):
        losses = [level * (1.0 + 0.01 * seed) for seed in range(n_seeds)]
        log.judge(name, level, *(None if s == diverged else x for s, x in enumerate(losses)))
    return log


def items_of(
    log: Log, n_items: int, groups: NDArray[np.integer] | None = None
) -> dict[str, ItemLosses]:
    """Return losses of items with the losses of the trainings as their means."""
    random = np.random.default_rng(0)
    found = {}
    for trial in log.trials:
        if trial.phase.value == "evaluation":
            parts = 1.0 + 0.1 * random.standard_normal(n_items)
            assert trial.value is not None
            found[trial.digest] = ItemLosses.of(trial.value * parts / parts.mean(), groups)
    return found


def answered(log: Log, items: dict[str, ItemLosses]) -> tuple[dict[str, Any], list[str]]:
    report = build_report(log.resolved, log.arms(), log.trials, (), items)
    return report["answer"]["items"], report["evidence"]


def test_an_answer_has_its_effect_over_seeds_and_items() -> None:
    log = log_of()
    items, evidence = answered(log, items_of(log, 359))
    assert (items["n_items"], items["n_groups"], items["n_seeds"]) == (359, 359, 3)
    assert items["low"] < -0.1 < items["high"] < 0.0
    assert items["change"] == pytest.approx(-0.1)
    assert f"{HOLDS}; 359 test images." in evidence
    (line,) = (words for words in evidence if words.startswith("Over seeds and the 359 images"))
    ends = f"{1 + items['low']:.3f} to {1 + items['high']:.3f}"
    assert line.startswith(f"Over seeds and the 359 images of the test split: {ends}; ")
    assert line.endswith(" of this variance is that of the images.")


@pytest.mark.parametrize(("n_items", "is_said"), [(49, True), (50, False)])
def test_of_few_items_the_interval_is_said_to_be_narrow(n_items: int, is_said: bool) -> None:
    log = log_of()
    _, evidence = answered(log, items_of(log, n_items))
    (line,) = (words for words in evidence if words.startswith("Over seeds and the "))
    assert line.endswith("; of so few it is somewhat too narrow.") is is_said


def test_few_groups_are_named() -> None:
    log = log_of()
    items, evidence = answered(log, items_of(log, 144, np.arange(144) % 3))
    assert items["low"] is None
    assert f"{HOLDS}; 144 test images of 3 groups." in evidence
    assert (
        "Over seeds and the 144 images of 3 groups of the test split: no interval; at least 10 "
        "groups of items are needed, and its items lie in 3 of them."
    ) in evidence


def test_items_in_groups_are_counted_with_their_groups() -> None:
    log = log_of()
    items, evidence = answered(log, items_of(log, 144, np.arange(144) // 2))
    assert (items["n_items"], items["n_groups"]) == (144, 72)
    assert f"{HOLDS}; 144 test images of 72 groups." in evidence
    assert any(
        words.startswith("Over seeds and the 144 images of 72 groups of the test split: ")
        for words in evidence
    )


def test_a_job_that_kept_no_losses_of_items_says_what_it_holds_for() -> None:
    items, evidence = answered(log_of(), {})
    assert items["reason"] == "6 of 6 trainings have no losses of items"
    assert f"{HOLDS}." in evidence
    assert not [words for words in evidence if words.startswith("Over seeds and")]


def test_the_items_move_neither_looks_nor_outcome() -> None:
    log = log_of()
    plain, full = (
        build_report(log.resolved, log.arms(), log.trials, (), known)
        for known in ({}, items_of(log, 20))
    )
    assert plain["findings"] == full["findings"]
    for name in ("outcome", "looks", "chance", "question"):
        assert plain["answer"][name] == full["answer"][name]


def test_signals_are_named_as_such() -> None:
    log = log_of(task={"kind": "classification", "dataset": "waveforms"})
    _, evidence = answered(log, items_of(log, 12))
    assert f"{HOLDS}; 12 test signals." in evidence


def test_the_trainings_in_question_are_those_that_count_in_pairs() -> None:
    log = log_of(4, diverged=1)
    log.tests_one("random", 4, 0.9)  # beyond the look
    plan = SeedPlan.of(log.resolved.spec.evaluation)
    names = {study.id: name for name, study in log.studies.items()}
    by_digest = {trial.digest: (names[trial.study_id], trial.number) for trial in log.trials}
    found = trainings_in_question(log.arms(), log.trials, plan)
    assert [by_digest[digest] for digest in found] == [
        (arm, seed) for arm in ("random", "uniform") for seed in (0, 2, 3)
    ]
    assert trainings_in_question([], [], plan) == []
