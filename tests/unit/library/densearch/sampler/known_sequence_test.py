"""Samplers whose points are known before any value: how far ahead they issue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from densearch.sampler import AxisKind, Entry, KnownSequence, StudyPlan
from densearch.sampler.known_sequence import WINDOW


class Steps(KnownSequence):
    """Point n is n thousandths."""

    def points(self, start: int, end: int) -> Sequence[Sequence[float]]:
        assert end > start
        return [[number / 1000] for number in range(start, end)]


def issued(study: StudyPlan, log: list[Entry]) -> list[int | None]:
    return [proposal.number for proposal in Steps(study).plan(log).proposals]


def entries(n: int, n_ended: int) -> list[Entry]:
    return [Entry((i / 1000,), 1.0 if i < n_ended else None, i) for i in range(n)]


def test_it_fills_a_window_and_again_once_half_of_it_has_ended() -> None:
    study = StudyPlan(1, 1000, 0)
    assert issued(study, []) == list(range(WINDOW))
    half = WINDOW // 2
    assert issued(study, entries(WINDOW, half - 1)) == []
    assert issued(study, entries(WINDOW, half)) == list(range(WINDOW, WINDOW + half))


def test_the_window_holds_two_rounds() -> None:
    assert len(issued(StudyPlan(1, 1000, 0, batch_size=300), [])) == 600


@pytest.mark.parametrize("n_trials", [1, 5])
def test_it_ends_with_the_budget(n_trials: int) -> None:
    study = StudyPlan(1, n_trials, 0)
    assert issued(study, []) == list(range(n_trials))
    open_log = entries(n_trials, n_trials - 1)
    assert not Steps(study).plan(open_log).is_finished
    ended = Steps(study).plan(entries(n_trials, n_trials))
    assert (ended.is_finished, ended.proposals) == (True, ())


def test_points_do_not_depend_on_values_or_on_when_they_are_asked_for() -> None:
    study = StudyPlan(1, 600, 0)
    log = entries(WINDOW, WINDOW)
    other = [replace(entry, value=-5.0) for entry in log]
    assert Steps(study).plan(log) == Steps(study).plan(other)


def test_discrete_coordinates_are_the_middles_of_their_shares() -> None:
    study = StudyPlan(1, 3, 0, axes=(AxisKind(4),))
    assert {proposal.point for proposal in Steps(study).plan([]).proposals} == {(0.125,)}


def test_trials_of_a_log_without_numbers_are_numbered_in_their_order() -> None:
    log = [replace(entry, number=None) for entry in entries(3, 0)]
    assert Steps(StudyPlan(1, 3, 0)).plan(log).numbered == {0: 0, 1: 1, 2: 2}
