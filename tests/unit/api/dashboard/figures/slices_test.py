"""Slices of a search: means of choices with their interval."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scipy.stats import t

from api.dashboard.figures.slices import slices_figure
from api.dashboard.figures.themes import THEMES
from service.studies.search_space import CategoryAxis
from tests.support.searched import by_direct, point

LIGHT = THEMES["light"]


def test_choices_have_their_mean_and_interval() -> None:
    choices = CategoryAxis("o", ("a", "b"))
    view = by_direct(1, lambda x: x[0], own=(choices,))
    points = [point(0, (0.25,), 1.0), point(1, (0.3,), 2.0), point(2, (0.9,), 1.5)]
    figure = slices_figure(replace(view, points=points), LIGHT)
    assert figure is not None
    _, means = figure["data"]
    assert (means["x"], means["y"]) == ([0.25], [1.5])
    assert means["error_y"]["array"] == pytest.approx([t.ppf(0.975, 1) * 0.5])


def test_the_mean_is_that_of_an_even_sample() -> None:
    choices = CategoryAxis("o", ("a", "b"))
    view = by_direct(1, lambda x: x[0], own=(choices,))
    even = [point(0, (0.25,), 1.0), point(1, (0.3,), 2.0)]
    best = [replace(point(2 + i, (0.25,), 0.5), is_even=False) for i in range(5)]
    figure = slices_figure(replace(view, points=[*even, *best]), LIGHT)
    assert figure is not None
    dots, means = figure["data"]
    assert len(dots["x"]) == 7
    assert means["y"] == [1.5]


def test_a_value_out_of_view_is_said() -> None:
    view = by_direct(1, lambda x: 1.0 + x[0])
    points = [point(i, (i / 20,), 1.0 + i / 20) for i in range(20)]
    near, far = (
        slices_figure(replace(view, points=own), LIGHT)
        for own in (points, [*points, point(20, (0.9,), 50.0)])
    )
    assert near is not None
    assert far is not None
    assert near["layout"]["meta"]["caption"] == ""
    assert far["layout"]["meta"]["caption"].startswith("The highest values are out of view")
