"""What all samplers share that replay NLopt: numbers, the bounds of speculation, strange logs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from densearch.direct_l.exact import DirectL
from densearch.sampler import Certainty, Entry, StudyPlan
from tests.support.sampler_behaviour import bowl


def begun(**options: object) -> tuple[DirectL, list[Entry]]:
    """A sampler whose first division has values, and its log."""
    sampler = DirectL(StudyPlan(2, 40, 0, options=options))
    return sampler, [Entry(p.point, bowl(p.point), p.number) for p in sampler.plan([]).proposals]


def test_a_hit_takes_its_number_and_is_not_proposed_again() -> None:
    sampler, log = begun()
    first = sampler.plan(log).proposals[0]
    hit = Entry(first.point, None, None, is_speculative=True)
    plan = sampler.plan([*log, hit])
    assert plan.numbered == {len(log): first.number}
    assert first.point not in {proposal.point for proposal in plan.proposals}


def test_an_instance_that_reads_the_whole_log_plans_what_one_that_grew_with_it_does() -> None:
    sampler, log = begun()
    for _ in range(8):
        plan = sampler.plan(log)
        assert DirectL(sampler.study).plan(log) == plan
        log += [Entry(p.point, None, p.number) for p in plan.proposals]
        index = next(i for i, entry in enumerate(log) if entry.value is None)
        log[index] = replace(log[index], value=bowl(log[index].point))
        for at, number in sampler.plan(log).numbered.items():
            log[at] = replace(log[at], number=number)


@pytest.mark.parametrize(("max_extra", "n_free", "n"), [(0, 4, 0), (3, 9, 3), (9, 2, 2)])
def test_speculation_is_bounded_by_idle_workers_and_by_its_option(
    max_extra: int, n_free: int, n: int
) -> None:
    sampler, log = begun(max_extra=max_extra)
    log += [Entry(p.point, None, p.number) for p in sampler.plan(log).proposals]
    found = sampler.speculate(log, n_free)
    assert len(found) == n
    assert len({proposal.point for proposal in found} - {entry.point for entry in log}) == n
    assert all(proposal.number is None for proposal in found)
    log += [Entry(p.point, None, None, is_speculative=True) for p in found]
    room = min(n_free, max_extra - n)
    assert len(sampler.speculate(log, n_free)) == max(room, 0)


def test_conditional_points_come_before_predicted_ones() -> None:
    sampler, log = begun()
    log += [Entry(p.point, None, p.number) for p in sampler.plan(log).proposals]
    kinds = [proposal.certainty for proposal in sampler.speculate(log, 30)]
    assert Certainty.CERTAIN not in kinds
    assert kinds == sorted(kinds)  # "conditional" is before "predicted"


def test_trials_that_the_sequence_does_not_ask_for_are_found() -> None:
    sampler, log = begun()
    strange = Entry((0.123, 0.456), None, None)
    log += [strange, replace(strange, is_speculative=True), replace(strange, number=5)]
    sampler.plan(log)
    assert sampler.not_asked(log) == [5]


def test_a_finished_study_neither_proposes_nor_speculates() -> None:
    sampler = DirectL(StudyPlan(1, 3, 0))
    log = [Entry(p.point, 1.0, p.number) for p in sampler.plan([]).proposals]
    plan = sampler.plan(log)
    assert (plan.is_finished, plan.proposals, sampler.speculate(log, 4)) == (True, (), ())
