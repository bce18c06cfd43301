"""The function of a recorded table: it gives what was recorded, and its minimum is known."""

from __future__ import annotations

import random
from itertools import product

import numpy as np
import pytest

from benchmarks.recorded.table import RecordedLoss, RecordedTable, table_of

GRID = {"den": (0.0, 0.25, 1.0), "lr": (0.0, 0.5, 0.75, 1.0)}
LOSSES = np.random.default_rng(0).uniform(1.0, 2.0, (2, 3, 4))
ROWS = [
    {"seed": str(s), "i_den": str(i), "i_lr": str(j), "loss": repr(float(LOSSES[s, i, j]))}
    for s, i, j in product(range(2), range(3), range(4))
]


def test_it_is_the_recorded_mean_at_the_points_of_the_grid() -> None:
    loss = RecordedLoss(table_of(ROWS, GRID))
    points = np.array(list(product(*GRID.values())))
    assert loss.at(points).reshape(3, 4) == pytest.approx((LOSSES[0] + LOSSES[1]) / 2, rel=1e-12)


def test_the_order_of_the_rows_changes_nothing() -> None:
    shuffled = random.Random(1).sample(ROWS, len(ROWS))
    one, other = RecordedLoss(table_of(ROWS, GRID)), RecordedLoss(table_of(shuffled, GRID))
    points = np.random.default_rng(2).random((50, 2))
    assert (one.at(points) == other.at(points)).all()
    assert (one.deviation(1, points) == other.deviation(1, points)).all()


def test_nothing_lies_below_the_minimum() -> None:
    loss = RecordedLoss(table_of(ROWS, GRID))
    points = np.random.default_rng(3).random((20_000, 2))
    assert loss.at(points).min() >= loss.minimum - 1e-12
    assert loss.at(loss.minimiser) == pytest.approx(loss.minimum, rel=1e-12)
    assert loss.minimum == pytest.approx(float(LOSSES.mean(axis=0).min()))


def test_a_seed_deviates_as_it_was_recorded_with_the_variance_of_one_seed() -> None:
    loss = RecordedLoss(table_of(ROWS, GRID))
    points = np.array(list(product(*GRID.values())))
    apart = (LOSSES[0] - LOSSES[1]) / 2 * np.sqrt(2)
    assert loss.deviation(0, points).reshape(3, 4) == pytest.approx(apart)
    assert loss.deviation(1, points).reshape(3, 4) == pytest.approx(-apart)
    halfway = loss.deviation(0, np.array([[0.625, 1.0]]))
    assert halfway == pytest.approx((apart[1, 3] + apart[2, 3]) / 2)


def test_a_diverged_training_counts_as_the_worst_that_was_recorded() -> None:
    rows = [{**ROWS[0], "loss": ""}, *ROWS[1:]]
    table = table_of(rows, GRID)
    assert table.n_diverged == 1
    assert table.losses[0, 0, 0] == max(float(row["loss"]) for row in ROWS[1:])


def test_a_loss_before_an_overflow_counts_for_twenty_medians_at_most() -> None:
    rows = [{**ROWS[0], "loss": "1e12"}, *ROWS[1:5], {**ROWS[5], "loss": ""}, *ROWS[6:]]
    losses = table_of(rows, GRID).losses
    # Two of 24 losses are above the middle whatever they are.
    middle = sorted([*(float(row["loss"]) for row in ROWS[1:5] + ROWS[6:]), 9.0, 9.0])
    assert losses[0, 0, 0] == losses[0, 1, 1] == 20 * (middle[11] + middle[12]) / 2


def test_a_seed_that_is_not_whole_is_left_out_and_one_seed_is_too_few() -> None:
    further = [{**row, "seed": "2"} for row in ROWS[:5]]
    assert (table_of([*ROWS, *further], GRID).losses == table_of(ROWS, GRID).losses).all()
    with pytest.raises(ValueError, match="1 seeds have all points of the grid"):
        table_of(ROWS[:-1], GRID)


def test_the_slice_of_factor_1_is_that_of_the_middle() -> None:
    losses = np.arange(2 * 3 * 2 * 2, dtype=float).reshape(2, 3, 2, 2)
    table = RecordedTable(((0.0, 0.5, 1.0), (0.0, 1.0), (0.0, 1.0)), losses, 0)
    assert (table.of_factor_1().losses == losses[:, 1]).all()
    assert len(table.of_factor_1().axes) == 2
