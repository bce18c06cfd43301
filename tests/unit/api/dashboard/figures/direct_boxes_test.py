"""The boxes as they are drawn: they tile the square, whatever the other coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from api.dashboard.figures.direct_boxes import boxes_figure, hull_figure, state_of
from api.dashboard.figures.themes import THEMES
from api.dashboard.searches.search_selection import SearchSelection
from tests.support.searched import WORST, by_direct, point

LIGHT = THEMES["light"]


def bowl(x: Sequence[float]) -> float:
    return sum((u - 0.3 - 0.1 * i) ** 2 for i, u in enumerate(x))


@pytest.mark.parametrize("dimension", [2, 3, 5])
@pytest.mark.parametrize("iteration", [0, 4, None])
def test_they_tile_the_square(dimension: int, iteration: int | None) -> None:
    view = by_direct(dimension, bowl)
    state = state_of(view, iteration)
    assert state is not None
    figure = boxes_figure(view, SearchSelection(0, dimension - 1), state, LIGHT)
    filled = [shape for shape in figure["layout"]["shapes"] if "fillcolor" in shape]
    areas = [(s["x1"] - s["x0"]) * (s["y1"] - s["y0"]) for s in filled]
    assert sum(areas) == pytest.approx(1.0)
    assert len(figure["data"][0]["x"]) == len(filled)


def test_one_dimension_is_intervals_at_their_values() -> None:
    view = by_direct(1, bowl)
    state = state_of(view, None)
    assert state is not None
    figure = boxes_figure(view, SearchSelection(), state, LIGHT)
    *lines, dots = figure["data"]
    lengths = [
        b - a for line in lines for a, b in zip(line["x"][::3], line["x"][1::3], strict=True)
    ]
    assert sum(lengths) == pytest.approx(1.0)
    assert dots["y"] == [bowl([u]) for u in dots["x"]]
    # One box alone is on an axis with a tick, though no power of ten is near.
    first = state_of(view, 0)
    assert first is not None
    sizes = hull_figure(view, first, LIGHT)["layout"]["xaxis"]
    assert (sizes["tickvals"], sizes["ticktext"]) == ([1.0], ["1"])
    sizes = hull_figure(view, state, LIGHT)["layout"]["xaxis"]
    assert sizes["ticktext"][-1] == f"1/{round(1 / min(lengths))}"


def test_penalties_do_not_take_the_scale_and_what_ran_ahead_is_open() -> None:
    view = by_direct(2, lambda x: WORST if x[0] > 0.6 else bowl(x))
    extra = point(None, (0.123, 0.456), None)
    view = replace(view, points=[*view.points, extra])
    state = state_of(view, None)
    assert state is not None
    figure = boxes_figure(view, SearchSelection(0, 1), state, LIGHT)
    dots, ahead = figure["data"]
    assert max(float(text) for text in dots["marker"]["colorbar"]["ticktext"]) < 2
    assert any(s.get("fillcolor") == LIGHT.grid for s in figure["layout"]["shapes"])
    assert (ahead["x"], ahead["marker"]["symbol"]) == ([0.123], "triangle-up-open")
    assert all(value < 2 for value in hull_figure(view, state, LIGHT)["data"][0]["y"])


def test_arrival_does_not_matter() -> None:
    view = by_direct(2, bowl)
    other = replace(view, points=view.points[::-1])
    one, two = state_of(view, 5), state_of(other, 5)
    assert one is not None
    assert two is not None
    assert one.partition == two.partition
    assert one.is_known
    assert state_of(replace(view, points=[]), None) is None
