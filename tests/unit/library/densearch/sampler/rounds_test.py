"""Samplers in rounds: the next round waits for all values of the last one, and no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from densearch.sampler import Entry, Plan, Rounds, StudyPlan


class Sums(Rounds):
    """A round's points follow from the sum of all values before it, and from its seed.

    Attributes:
        asked: The (index, size) of each round that was asked.
    """

    def __init__(self, study: StudyPlan) -> None:
        super().__init__(study)
        self.asked: list[tuple[int, int]] = []

    def ask_round(self, told: Sequence[Entry], index: int, size: int) -> Sequence[Sequence[float]]:
        self.asked.append((index, size))
        assert len(told) == index * self.round_size
        start = sum(entry.value or 0.0 for entry in told) + self.seed_of(index) / 2**32
        return [[(start + number / 10) % 1.0] for number in range(size)]


def added(log: list[Entry], plan: Plan) -> list[Entry]:
    return [*log, *(Entry(p.point, None, p.number) for p in plan.proposals)]


def ended(log: list[Entry], *indices: int) -> list[Entry]:
    found = list(log)
    for index in indices:
        found[index] = replace(found[index], value=found[index].point[0])
    return found


STUDY = StudyPlan(1, 8, 5, batch_size=3)


def test_a_round_is_issued_whole_and_the_next_waits_for_all_of_it() -> None:
    sampler = Sums(STUDY)
    log = added([], sampler.plan([]))
    assert [entry.number for entry in log] == [0, 1, 2]
    for indices in ((), (0,), (0, 2)):
        assert sampler.plan(ended(log, *indices)).proposals == ()
    plan = sampler.plan(ended(log, 0, 1, 2))
    assert [proposal.number for proposal in plan.proposals] == [3, 4, 5]


@pytest.mark.parametrize("n_issued", [1, 2])
def test_a_round_that_was_cut_is_completed_with_the_same_points(n_issued: int) -> None:
    log = added([], Sums(STUDY).plan([]))
    rest = Sums(STUDY).plan(ended(log[:n_issued], 0))
    assert added(log[:n_issued], rest) == log


def test_a_round_is_asked_once_by_an_instance() -> None:
    sampler = Sums(STUDY)
    log = added([], sampler.plan([]))
    sampler.plan(log[:1])
    sampler.plan(log)
    log = ended(log, 0, 1, 2)
    assert sampler.plan(log) == sampler.plan(log)
    assert sampler.asked == [(0, 3), (1, 3)]


def test_the_budget_cuts_the_last_round_and_a_raised_one_completes_it() -> None:
    log: list[Entry] = []
    while not (plan := Sums(STUDY).plan(log)).is_finished:
        log = added(log, plan)
        log = ended(log, *range(len(log)))
    assert len(log) == 8
    longer: list[Entry] = []
    raised = replace(STUDY, n_trials=11, n_first=8)
    while not (plan := Sums(raised).plan(longer)).is_finished:
        longer = added(longer, plan)
        longer = ended(longer, *range(len(longer)))
    assert longer[:8] == log
    assert Sums(raised).plan(log).proposals[0].number == 8


def test_seeds_differ_between_rounds_and_studies() -> None:
    seeds = {Sums(replace(STUDY, seed=seed)).seed_of(n) for seed in (1, 2) for n in range(3)}
    assert len(seeds) == 6
    assert Sums(STUDY).seed_of(2) == Sums(STUDY).seed_of(2)
