"""A study's log: which trials are confirmed, which is the best, and what its sampler hears."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from service.records import Trial
from service.states import Phase, TrialState
from service.studies.study_run import (
    StudyRun,
    best_of,
    better_speculation,
    is_result,
    is_speculation,
    told_value,
)
from tests.support.report_records import Log, spec_of

AHEAD: dict[str, Any] = {"certainty": "predicted"}


@pytest.fixture
def log() -> Log:
    return Log(spec_of(samplers=["direct_l"], budget={"n_trials": 9}))


def study_with(log: Log, *trials: Trial) -> StudyRun:
    study = log.arms()[0]
    for trial in trials:
        study.append(trial)
    return study


def ids(trials: list[Trial]) -> list[int]:
    return [trial.id for trial in trials]


def test_trials_are_confirmed_in_their_sequence_up_to_the_first_gap(log: Log) -> None:
    third, first = log.trial("direct_l", 2), log.trial("direct_l", 0)
    second = log.trial("direct_l", 1, None, state=TrialState.RUNNING)
    study = study_with(log, third, first, second)
    assert ids(study.confirmed) == [first.id]
    study.put(replace(second, state=TrialState.FAILED))
    assert ids(study.confirmed) == [first.id, second.id, third.id]


def test_its_sampler_sees_the_order_of_issue(log: Log) -> None:
    ahead = log.trial("direct_l", None, 0.5, point=[0.1], **AHEAD)
    needed = log.trial("direct_l", 0, 2000.0, point=[0.9])
    running = log.trial("direct_l", 1, None, state=TrialState.RUNNING, point=[0.5])
    study = study_with(log, ahead, needed, running)
    seen = [(e.point, e.value, e.number, e.is_speculative) for e in study.entries]
    assert seen == [
        ((0.1,), 0.5, None, True),
        ((0.9,), 1000.0, 0, False),  # never above the worst value
        ((0.5,), None, 1, False),
    ]
    assert [study.progress_at(t) for t in (ahead, needed, running)] == [0.0, 1 / 9, 2 / 9]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 3.0),
        ({"value": 2000.0}, 1000.0),
        ({"value": None}, 1000.0),
        ({"state": TrialState.PRUNED}, 3.0),
        ({"state": TrialState.FAILED, "value": None}, 1000.0),
        ({"state": TrialState.CANCELLED, "value": None}, 1000.0),
        ({"state": TrialState.RUNNING, "value": None}, None),
        ({"state": TrialState.WAITING, "value": None}, None),
    ],
)
def test_a_sampler_hears_no_value_before_the_end_and_none_above_the_worst(
    log: Log, changes: dict[str, Any], expected: float | None
) -> None:
    assert told_value(replace(log.trial("direct_l", 0, 3.0), **changes), 1000.0) == expected


def test_the_best_is_a_whole_training_of_the_sequence_and_the_first_of_equals(log: Log) -> None:
    trials = [
        log.trial("direct_l", 3, 1.0),
        log.trial("direct_l", 2, 1.0),
        log.trial("direct_l", 0, 2.0),
        log.trial("direct_l", 1, 0.5, is_diverged=True),
        log.trial("direct_l", 4, 0.5, state=TrialState.PRUNED),
        log.trial("direct_l", None, 0.5, **AHEAD),
    ]
    best = best_of(trials)
    assert best is not None
    assert best.id == trials[1].id
    assert best_of(trials[3:]) is None
    assert study_with(log, *trials).best == best
    assert [is_result(trial) for trial in trials] == [True, True, True, False, False, True]


def test_a_point_run_ahead_is_extra_until_the_sequence_asks_for_it(log: Log) -> None:
    ahead = log.trial("direct_l", None, **AHEAD)
    assert is_speculation(ahead)
    assert not is_speculation(replace(ahead, number=3))
    assert not is_speculation(replace(ahead, certainty="certain"))
    assert not is_speculation(replace(ahead, phase=Phase.SUPERSEDED))


def test_only_a_speculation_that_is_better_than_the_sequence_is_returned(log: Log) -> None:
    study = study_with(log, log.trial("direct_l", 0, 1.0))
    equal, better = (log.trial("direct_l", None, value, **AHEAD) for value in (1.0, 0.9))
    of_another = log.trial("uniform", None, 0.1, **AHEAD)
    assert better_speculation(study, [equal, of_another]) is None
    assert better_speculation(study, [equal, of_another, better]) == better
    assert better_speculation(study_with(log), [equal]) == equal


@pytest.mark.parametrize(("version", "penalty"), [(1, None), (2, 50.0)])
def test_a_study_goes_on_by_the_rules_that_it_began_with(
    version: int, penalty: float | None
) -> None:
    log = Log(spec_of(samplers=["gp"], diverged_value=50.0))
    log.studies["gp"] = replace(log.studies["gp"], search_version=version)
    (searched, *_) = log.arms()
    assert searched.sampler.study.penalty == penalty
