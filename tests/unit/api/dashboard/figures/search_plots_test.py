"""Figures of any search: thinned, in real units, without penalties."""

from __future__ import annotations

from dataclasses import replace

import pytest

from api.dashboard.figures import search_plots, slices
from api.dashboard.figures.themes import THEMES
from api.dashboard.searches.importance import Importance
from api.dashboard.searches.search_selection import SearchSelection, Selected
from api.dashboard.searches.search_view import SearchView
from service.studies.search_space import CategoryAxis, FloatAxis
from tests.support.searched import WORST, by_direct, point

LIGHT = THEMES["light"]
VIEW = by_direct(3, lambda x: 1.0 + x[0])
FIGURES = {
    "parallel": lambda view: search_plots.parallel_figure(view, SearchSelection(), LIGHT),
    "slices": lambda view: slices.slices_figure(view, LIGHT),
    "contour": lambda view: search_plots.contour_figure(view, SearchSelection(0, 1), LIGHT),
}


@pytest.mark.parametrize("name", FIGURES)
def test_without_a_result_there_is_no_figure(name: str) -> None:
    failed = replace(VIEW, points=[point(0, (0.5, 0.5, 0.5), WORST), point(1, (0.1, 0, 0), None)])
    assert FIGURES[name](failed) is None


@pytest.mark.parametrize("name", FIGURES)
def test_one_point_constant_values_and_ten_coordinates_are_drawn(name: str) -> None:
    assert FIGURES[name](replace(VIEW, points=VIEW.points[:1])) is not None
    assert FIGURES[name](by_direct(10, lambda _: 2.0)) is not None


def test_a_brush_greys_what_it_leaves_out() -> None:
    selection = SearchSelection(spans={0: Selected(high=4.0)})
    figure = search_plots.parallel_figure(VIEW, selection, LIGHT)
    assert figure is not None
    out, *held = figure["data"]
    assert out["line"]["color"] == LIGHT.grid
    assert min(out["y"][::5]) > 0.4  # the first axis, of 4 vertices and a gap for each trial
    assert max(u for trace in held for u in trace["y"][::5]) <= 0.4


def test_choices_can_be_pressed_and_numbers_brushed_without_rounding() -> None:
    own = (CategoryAxis("o", ("a", "b")), FloatAxis("x", 0.05, 1.0))
    figure = search_plots.parallel_figure(
        by_direct(2, lambda x: 1.0 + x[1], own=own), SearchSelection(), LIGHT
    )
    assert figure is not None
    choices, numbers, _ = figure["layout"]["meta"]["axes"]
    assert choices == {"name": "p.o", "choices": ["a", "b"]}
    assert (numbers["units"][0], numbers["units"][-1]) == (0.05, 1.0)
    notes = figure["layout"]["annotations"]
    pressed = [(n["y"], n["text"]) for n in notes if n["captureevents"]]
    assert pressed == [(0.25, "a"), (0.75, "b")]
    # The ends of a range, and round numbers between them.
    assert [n["text"] for n in notes if n["x"] == 1] == ["0.05", "0.2", "0.4", "0.6", "0.8", "1"]


def test_many_are_thinned_with_the_best_among_them() -> None:
    points = [point(i, (i / 5000, 0.5, 0.5), float(5000 - i)) for i in range(5000)]
    kept = search_plots.thinned_results(replace(VIEW, points=points), 100)
    assert len(kept) == 100
    assert {p.value for p in kept[:50]} == set(map(float, range(1, 51)))
    assert kept == search_plots.thinned_results(replace(VIEW, points=points[::-1]), 100)


def test_importance_and_fidelity() -> None:
    found = Importance([0.2, 0.7, 0.1], [0.1, 0.6, 0.0], [0.3, 0.9, 0.2])
    figure = search_plots.importance_figure(VIEW, found, LIGHT)
    assert figure is not None
    assert figure["data"][0]["y"] == ["x2", "x0", "x1"]
    assert search_plots.importance_figure(VIEW, Importance(fault="x"), LIGHT) is None
    pairs = [(VIEW.points[0], 0.5)]
    full = search_plots.fidelity_figure(VIEW, pairs, LIGHT)
    assert full is not None
    assert (full["data"][1]["x"], full["data"][1]["y"]) == ([1.5], [0.5])
    assert search_plots.fidelity_figure(VIEW, [], LIGHT) is None


def test_markup_in_names_is_text() -> None:
    view: SearchView = by_direct(1, lambda x: x[0], own=(FloatAxis("<b>x", 0.0, 1.0),))
    figure = search_plots.parallel_figure(view, SearchSelection(), LIGHT)
    assert figure is not None
    assert figure["layout"]["xaxis"]["ticktext"][0] == "&lt;b&gt;x"
    assert "<b>" not in figure["data"][-1]["text"][0]
