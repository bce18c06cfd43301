"""The median rule against figures worked out by hand."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Sequence

import pytest

from service.studies import median_rule

CURVES = [[9.0, 5.0, 3.0], [8.0, 4.0], [7.0, 6.0, 2.0], [1.0, 1.0, 1.0]]


def medians_of(curves: Sequence[Sequence[float]], size: int = 1) -> tuple[float, ...]:
    block = median_rule.Block(size)
    for curve in curves:
        block.add(curve)
    return block.medians


def test_limits_are_medians_after_the_warm_up_and_never_at_the_end() -> None:
    # Medians: of 9 8 7 1 and of 5 4 6 1; three reached the third epoch: 3 2 1.
    assert median_rule.limits(medians_of(CURVES), 4, 1) == (math.inf, 4.5, 2.0)
    assert median_rule.limits(medians_of(CURVES), 3, 2) == (math.inf, math.inf)
    assert median_rule.limits(medians_of(CURVES), 1, 1) == ()


def test_two_curves_are_no_yardstick() -> None:
    assert median_rule.limits(medians_of(CURVES[:2]), 3, 1) == (math.inf, math.inf)


@pytest.mark.parametrize("seed", range(3))
def test_medians_of_a_growing_block_are_those_of_the_statistics_module(seed: int) -> None:
    chance = random.Random(seed)
    block, curves = median_rule.Block(1), []
    for _ in range(60):
        # Few different losses: equal ones must not be lost.
        curves.append([chance.randrange(9) / 8 for _ in range(chance.randrange(5))])
        block.add(curves[-1])
        expected = []
        for epoch in range(max(map(len, curves))):
            losses = [curve[epoch] for curve in curves if len(curve) > epoch]
            expected.append(statistics.median(losses) if len(losses) > 2 else math.inf)
        assert block.medians == tuple(expected)


def test_a_block_grows_by_whole_steps() -> None:
    block = median_rule.Block(3)
    assert block.medians == ()
    for n, medians in enumerate([(), (), (2.0,), (2.0,), (2.0,), (3.5,)], start=1):
        block.add([float(n)])
        assert (block.n, block.medians) == (n, medians)


@pytest.mark.parametrize(
    ("curve", "epoch"),
    [
        ([9.0, 5.0, 1.0], 2),
        ([9.0, 4.5, 2.0], None),  # equal to the median is not above it
        ([1.0, 1.0, 2.1], 3),
        ([1.0], None),
        ([], None),
    ],
)
def test_a_training_stops_after_the_first_epoch_above(
    curve: list[float], epoch: int | None
) -> None:
    assert median_rule.stop_of(curve, (math.inf, 4.5, 2.0)) == epoch


def test_rounds_are_held_against_all_earlier_ones() -> None:
    assert [median_rule.block_start(n, 4, None) for n in (0, 3, 4, 7, 8)] == [0, 0, 4, 4, 8]


def test_without_rounds_the_first_block_is_the_yardstick() -> None:
    assert [median_rule.block_start(n, 4, 5) for n in (0, 4, 5, 99)] == [0, 0, 5, 5]
    assert median_rule.block_start(None, 4, 5) == 5
