"""The radius question, from cells to slopes."""

from __future__ import annotations

import itertools
import math
import random
from typing import Any

import numpy as np
import pytest

from densearch.density import families
from service.campaigns.report.cells import result_of
from service.campaigns.report.sharpness import Sharpness, sharpness_of
from service.storage.campaigns import CampaignCell
from tests.support.campaign_cells import cell, valley_cell

WIDTHS = np.geomspace(0.5, 4.0, 9).tolist()
SIZES, NETWORKS, SEEDS = (500, 1000, 2000), (8, 16), (0, 1)


def width_of(radius: float) -> float:
    """The width at which a Gaussian density on 5x5 has an effective radius, by bisection."""
    low, high = 0.3, 20.0
    for _ in range(60):
        middle = math.sqrt(low * high)
        found = families.build("gaussian", 5, [middle]).effective_radius or 0.0
        low, high = (middle, high) if found < radius else (low, middle)
    return low


def losses(radius: float) -> list[float]:
    at = math.log(width_of(radius))
    return [math.exp(0.1 * (math.log(width) - at) ** 2) for width in WIDTHS]


def campaign(**changes: Any) -> list[CampaignCell]:
    """The best radius falls by a tenth for each doubling of the data, at every width."""
    cells = []
    for place, (n, width, seed) in enumerate(itertools.product(SIZES, NETWORKS, SEEDS)):
        settings = {"task.n_train": n, "network.width": width, "seed": seed}
        radius = 1.5 * 0.9 ** math.log2(n / 500)
        cells.append(valley_cell(place, settings, WIDTHS, losses(radius), **changes))
    return cells


def found(cells: list[CampaignCell]) -> Sharpness:
    answer = sharpness_of([result_of(one) for one in cells])
    assert answer is not None
    return answer


def test_jobs_that_differ_by_their_seed_are_one_cell() -> None:
    answer = found(campaign())
    assert [one.indices for one in answer.cells] == [[n, n + 1] for n in range(0, 12, 2)]
    assert [one.best.n_jobs for one in answer.cells] == [2] * 6
    assert answer.cells[2].settings == {"task.n_train": 1000, "network.width": 8}
    assert answer.cells[2].best.radius == pytest.approx(1.5 * 0.9, rel=1e-6)


def test_the_slopes_are_those_of_the_data_and_of_the_width() -> None:
    data, width = found(campaign()).slopes
    assert (data.name, data.low_value, data.high_value) == ("training samples", 500, 2000)
    assert data.change == pytest.approx(-0.1)
    assert (data.n_cells, data.df) == (6, 3)  # constant, slope, one width
    assert data.is_shown
    assert width.name == "channels of the network"
    assert width.change == pytest.approx(0.0, abs=1e-6)


def test_the_answer_does_not_depend_on_the_order_of_cells_or_on_others() -> None:
    cells = campaign()
    first = found(cells)
    mixed = [*cells, cell(99, settings={"seed": 5, "task.n_train": 500}), cell(98, report=None)]
    random.Random(0).shuffle(mixed)
    second = found(mixed)
    for one, other in zip(first.slopes, second.slopes, strict=True):
        assert other.change == pytest.approx(one.change, abs=1e-12)
        assert other.low == pytest.approx(one.low, abs=1e-12)
    assert second.n_unscaled == 0


def test_densities_of_different_scales_are_left_out() -> None:
    answer = found(campaign(is_normalised=False))
    assert (answer.cells, answer.slopes, answer.n_unscaled) == ([], [], 12)


def test_a_cell_that_is_flat_is_listed_and_no_data_point() -> None:
    cells = campaign()
    flat = [valley_cell(c.index, c.settings, WIDTHS, [1.0 + 0.01 * (n % 2) for n in range(9)])
            if c.settings["task.n_train"] == 500 and c.settings["network.width"] == 8 else c
            for c in cells]  # fmt: skip
    answer = found(flat)
    assert [one.best.standing for one in answer.cells].count("flat") == 1
    assert {slope.n_cells for slope in answer.slopes} == {5}


def test_parts_of_the_data_and_numbers_of_samples_are_not_mixed() -> None:
    cells = campaign()
    parts = [
        valley_cell(
            c.index,
            c.settings | {"task.n_train": 0.5 if c.settings["task.n_train"] == 500 else 1000},
            WIDTHS,
            losses(1.2),
        )
        for c in cells
    ]
    assert [slope.name for slope in found(parts).slopes] == ["channels of the network"]


def test_there_is_no_answer_without_a_search_of_widths() -> None:
    assert sharpness_of([result_of(cell(0)), result_of(cell(1, report=None))]) is None


def test_rates_are_listed_by_cell_and_those_that_were_not_tuned_are_counted() -> None:
    cells = campaign()
    for one in cells[:2]:
        assert one.report is not None
        rate = {"lr": 0.1 * (1 + one.index), "is_rate_tuned": one.index == 0}
        one.report["arms"][0]["valley"] |= rate
    answer = found(cells)
    assert [one.rates for one in answer.cells[:2]] == [[0.1, 0.2], []]
    assert answer.n_untuned == 11
    assert answer.slopes == found(campaign()).slopes
