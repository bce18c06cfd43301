"""Pooling over test splits, against formulas by hand and enumeration."""

from __future__ import annotations

import itertools
import math

import pytest

from service.campaigns.report.cells import result_of
from service.campaigns.report.pooling import SplitEffect, by_split, pooled, replication
from tests.support.campaign_cells import cell, effect


def test_cells_of_a_split_are_averaged_first() -> None:
    cells = [
        cell(0, "digits", effect(-0.10, 0.02)),
        cell(1, "digits", effect(-0.02, 0.04)),
        cell(2, "faces", effect(0.03, 0.01)),
    ]
    digits, faces = by_split([result_of(one) for one in cells])
    assert (digits.split, digits.n_cells, faces.split) == ("digits", 2, "faces")
    assert digits.mean == pytest.approx(-0.06)
    assert digits.variance == pytest.approx((0.02**2 + 0.04**2) / 4)
    assert faces.variance == pytest.approx(0.01**2)


def test_more_cells_of_one_split_are_no_more_evidence_for_another_task() -> None:
    """A split counts once however many cells it has: repeating cells changes no mean."""
    few = [cell(0, "digits", effect(-0.1, 0.02)), cell(1, "faces", effect(0.1, 0.02))]
    many = [*few, *(cell(n, "digits", effect(-0.1, 0.02)) for n in range(2, 12))]
    first, second = (pooled(by_split([result_of(c) for c in cells])) for cells in (few, many))
    assert first is not None
    assert second is not None
    assert (first.n, second.n) == (2, 2)
    assert second.mean == pytest.approx(first.mean, abs=0.02)


def test_the_answer_does_not_depend_on_the_order_of_cells() -> None:
    names = ("digits", "faces", "textures")
    found = [result_of(cell(n, name, effect(-0.05 * n, 0.02))) for n, name in enumerate(names)]
    every = {pooled(by_split(order)) for order in itertools.permutations(found)}
    assert len(every) == 1


def test_no_density_found_is_no_effect_with_the_error_of_the_others() -> None:
    same = effect(0.0, 0.0)
    cells = [
        cell(0, "digits", same, "none found"),
        cell(1, "faces", effect(-0.05, 0.02)),
        cell(2, "textures", effect(-0.03, 0.04)),
    ]
    found = {one.split: one for one in by_split([result_of(one) for one in cells])}
    assert found["digits"].mean == 0.0
    assert found["digits"].variance == pytest.approx((0.02**2 + 0.04**2) / 2)  # the median of two
    assert found["digits"].p == 1.0
    assert by_split([result_of(cells[0])]) == []


def test_what_has_no_ratio_is_left_out() -> None:
    cells = [
        cell(0, "digits", effect(-0.3, 0.02), "less reliable"),
        cell(1, "digits", effect(-0.3, 0.02) | {"unit": "difference"}),
        cell(2, "digits", None, "not decided"),
        cell(3, "digits", report=None),
        cell(4, "digits", spec=None, report=None, state=None, job_id=None),
    ]
    assert by_split([result_of(one) for one in cells]) == []


def splits(*ps: float) -> list[SplitEffect]:
    return [SplitEffect(str(n), 1, -0.1, 0.01, p) for n, p in enumerate(ps)]


@pytest.mark.parametrize(
    ("ps", "n_shown"),
    [
        ((), 0),
        ((0.02,), 1),
        ((0.02, 0.5), 0),  # 2 * 0.02 is above 0.025
        ((0.001, 0.02), 2),
        ((0.001, 0.002, 0.9), 2),  # 3 * 0.001, 2 * 0.002, then 0.9
        ((0.001, 0.013, 0.02), 1),  # 2 * 0.013 is above
        ((0.009, 0.001, 0.001), 3),
    ],
)
def test_gains_are_counted_by_partial_conjunction(ps: tuple[float, ...], n_shown: int) -> None:
    assert replication(splits(*ps)).n_shown == n_shown


def test_the_count_is_too_large_no_more_often_than_its_level() -> None:
    """Two of five splits have a gain that is always seen: a third is shown by chance alone."""
    import numpy as np

    ps = np.random.default_rng(1).uniform(size=(20_000, 3))
    over = sum(replication(splits(1e-9, 1e-9, *row)).n_shown > 2 for row in ps.tolist())
    assert over / len(ps) < 0.025 + 3.0 * math.sqrt(0.025 * 0.975 / len(ps))
