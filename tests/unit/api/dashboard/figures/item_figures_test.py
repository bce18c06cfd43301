"""Test items as figures: units, items of loss 0, and of how many they are."""

from __future__ import annotations

import json

import numpy as np

from api.dashboard.figures.item_figures import MAX_ITEMS, pairs_figure, spread_figure
from api.dashboard.figures.themes import THEMES
from service.jobs.item_standings import ItemStandings

THEME = THEMES["light"]


def standings(**losses: list[float]) -> ItemStandings:
    return ItemStandings({arm: np.array(own) for arm, own in losses.items()}, 2, 3, None)


def test_a_loss_of_0_has_no_psnr_and_does_not_break_the_figure() -> None:
    found = standings(a=[0.0, 0.01, 0.1], b=[0.1, 0.1, 0.1])
    figure = spread_figure(found, THEME, is_psnr=True)
    json.dumps(figure, allow_nan=False)
    first, second = figure["data"]
    np.testing.assert_allclose(first["x"], [10.0, 20.0])
    np.testing.assert_allclose(first["y"], [1 / 3, 2 / 3])
    np.testing.assert_allclose(second["y"], [1 / 3, 2 / 3, 1.0])
    assert "first 2 seeds of 3" in figure["layout"]["meta"]["caption"]
    pairs = pairs_figure(found, "a", "b", THEME, is_psnr=True)
    assert pairs is not None
    assert pairs["data"][1]["customdata"] == [1, 2]
    assert "2 of 3 test items" in pairs["layout"]["meta"]["caption"]


def test_many_items_are_thinned_by_their_order_in_the_split() -> None:
    many = list(np.linspace(0.1, 0.9, 3 * MAX_ITEMS))
    pairs = pairs_figure(standings(a=many, b=many), "a", "b", THEME, is_psnr=False)
    assert pairs is not None
    assert pairs["data"][1]["customdata"][:3] == [0, 3, 6]
    assert "One item in 3" in pairs["layout"]["meta"]["caption"]
    assert pairs_figure(standings(a=many), "a", "c", THEME, is_psnr=False) is None
