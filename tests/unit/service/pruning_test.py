"""The median rule against figures worked out by hand."""

from __future__ import annotations

import math

import pytest

from service import pruning

CURVES = [[9.0, 5.0, 3.0], [8.0, 4.0], [7.0, 6.0, 2.0], [1.0, 1.0, 1.0]]


def test_limits_are_medians_after_the_warm_up_and_never_at_the_end() -> None:
    # Medians: of 9 8 7 1 and of 5 4 6 1; three reached the third epoch: 3 2 1.
    assert pruning.limits(CURVES, 4, 1) == (math.inf, 4.5, 2.0)
    assert pruning.limits(CURVES, 3, 2) == (math.inf, math.inf)
    assert pruning.limits(CURVES, 1, 1) == ()


def test_two_curves_are_no_yardstick() -> None:
    assert pruning.limits(CURVES[:2], 3, 1) == (math.inf, math.inf)


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
    assert pruning.stop_of(curve, (math.inf, 4.5, 2.0)) == epoch


def test_rounds_are_held_against_all_earlier_ones() -> None:
    assert [pruning.block_start(n, 4, None) for n in (0, 3, 4, 7, 8)] == [0, 0, 4, 4, 8]


def test_without_rounds_the_first_block_is_the_yardstick() -> None:
    assert [pruning.block_start(n, 4, 5) for n in (0, 4, 5, 99)] == [0, 0, 5, 5]
    assert pruning.block_start(None, 4, 5) == 5
