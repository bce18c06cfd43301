"""Synchronous successive halving against figures worked out by hand."""

from __future__ import annotations

import math
import random

import pytest

from service.studies import halving
from service.studies.halving import MISSING, Member, Standing, standings

FREE = Standing()


def member(*curve: float, n_epochs: int = 9, has_ended: bool = False) -> Member:
    return Member(n_epochs, curve, has_ended or len(curve) == n_epochs)


def test_rungs_grow_by_eta_and_none_is_at_the_end() -> None:
    assert list(halving.rungs(3, 1, 27)) == [1, 3, 9]
    assert list(halving.rungs(3, 1, 28)) == [1, 3, 9, 27]
    assert list(halving.rungs(2, 3, 13)) == [3, 6, 12]
    assert list(halving.rungs(2, 5, 5)) == []


def test_nobody_goes_on_before_all_are_there() -> None:
    found = standings([member(3.0), member(1.0), member(), MISSING], 2, 1)
    assert found == [Standing(rung=1)] * 4


def test_one_in_eta_goes_on_at_each_rung_until_one_is_left() -> None:
    """Nine trials, eta 3: three go on after 1 epoch, one after 3; the figure of the paper."""
    first = [member(float(loss)) for loss in (5, 2, 9, 1, 7, 3, 8, 6, 4)]
    found = standings(first, 3, 1)
    assert [i for i, s in enumerate(found) if s == Standing(rung=3)] == [1, 3, 5]
    assert {s for i, s in enumerate(found) if i not in (1, 3, 5)} == {Standing(stopped_after=1)}
    there = {1: (2.0, 2.0, 0.9), 3: (1.0, 1.0, 1.0), 5: (3.0, 0.9, 0.8)}
    second = [member(*there[i]) if i in there else own for i, own in enumerate(first)]
    found = standings(second, 3, 1)
    assert found[5] == FREE  # the best at the rung, whatever was before
    assert found[1] == found[3] == Standing(stopped_after=3)
    assert found[0] == Standing(stopped_after=1)


def test_of_few_one_in_eta_is_rounded_up() -> None:
    assert [halving.n_kept(n, 3) for n in (1, 2, 3, 4, 6, 7, 9)] == [1, 1, 1, 2, 2, 3, 3]
    assert standings([member(2.0)], 3, 1) == [Standing(rung=3)]


def test_of_equal_losses_the_earlier_trial_goes_on() -> None:
    found = standings([member(1.0), member(0.5), member(0.5), member(0.5)], 2, 1)
    assert [s.stopped_after for s in found] == [1, None, None, 1]


def test_one_that_diverged_or_failed_is_the_worst_and_counts_as_one() -> None:
    gone = member(has_ended=True)
    found = standings([gone, member(3.0), member(2.0), member(1.0)], 2, 1)
    assert [s.stopped_after for s in found] == [1, 1, None, None]
    # It is no one's place: where all others are gone the rest of them may go on.
    found = standings([gone, gone, gone, member(1.0)], 2, 1)
    assert found[3] == Standing(rung=2)
    assert standings([gone] * 4, 2, 1)[2] == Standing(stopped_after=1)
    # One that diverges after a rung is compared there by what it had.
    late = member(0.5, 0.4, has_ended=True)
    assert standings([late, member(0.6, 0.5)], 2, 1)[1] == Standing(stopped_after=1)


def test_a_training_that_ends_before_a_rung_is_not_compared_there() -> None:
    short = member(9.0, 9.0, 9.0, n_epochs=3)
    found = standings([short, member(2.0, 2.0, 2.0), member(1.0, 1.0, 1.0)], 2, 3)
    assert found == [FREE, Standing(stopped_after=3), Standing(rung=6)]


@pytest.mark.parametrize("seed", range(20))
def test_what_is_known_early_never_changes(seed: int) -> None:
    """Curves that become known one epoch at a time, in any order: standings only get decided."""
    chance = random.Random(seed)
    eta, first, n = chance.choice([2, 3, 4]), chance.choice([1, 2]), chance.randrange(1, 13)
    n_epochs = [chance.choice([4, 9, 10]) for _ in range(n)]
    whole = [[chance.randrange(6) / 4 for _ in range(chance.choice([e, e, 2]))] for e in n_epochs]
    final = standings(
        [Member(e, curve, has_ended=True) for e, curve in zip(n_epochs, whole, strict=True)],
        eta,
        first,
    )
    known = [0] * n
    while True:
        members = [
            Member(e, curve[:k], k == len(curve))
            for e, curve, k in zip(n_epochs, whole, known, strict=True)
        ]
        now = standings(members, eta, first)
        may_go_on = [
            i
            for i, s in enumerate(now)
            if s.stopped_after is None and known[i] < min(len(whole[i]), s.rung or math.inf)
        ]
        for standing, end in zip(now, final, strict=True):
            assert standing.rung is not None or standing == end
        if not may_go_on:
            break
        known[chance.choice(may_go_on)] += 1
    assert now == final  # nobody waits for ever


def test_a_yardstick_is_the_worst_loss_with_which_one_more_would_go_on() -> None:
    three = [(3.0, 1.0), (1.0, 3.0), (2.0, 2.0)]  # of four, two would
    assert halving.yardstick(three, 3, 1, 3) == (2.0, math.inf)
    assert halving.yardstick(three, 2, 1, 3) == (2.0, 2.0)
    assert halving.yardstick(three, 4, 1, 3) == (1.0, math.inf)
    curves = [(5.0, 5.0, 5.0), (4.0, 9.0, 1.0), (3.0,), (2.0, 2.0, 2.0), (1.0, 1.0, 4.0)]
    # ceil(6 / 3) = 2; the third diverged after its first epoch.
    assert halving.yardstick(curves, 3, 1, 9) == (
        2.0, math.inf, 2.0, *[math.inf] * 5,
    )  # fmt: skip
    assert halving.yardstick([(1.0,), ()], 2, 2, 4) == (math.inf, math.inf, math.inf)
    assert halving.yardstick(curves, 3, 2, 2) == (math.inf,)
