"""Lines, bands and dots: told apart without colour, and safe to write into a page."""

from __future__ import annotations

import json

import pytest

from api.dashboard.figures.series import Series
from api.dashboard.figures.staircases import Band, Step
from api.dashboard.figures.themes import THEMES
from api.dashboard.figures.traces import band_traces, dash_of, dots, level_line, stair_trace
from service.records import Study
from service.states import Role

THEME = THEMES["light"]
STEPS = [Step(1.0, 3.0, 0), Step(4.0, 2.0, 3), Step(6.0, 2.0, 3)]
HOSTILE = "<b>x</b>"


def series(place: int, name: str = "tpe", role: Role = Role.SEARCH, n: int = 1) -> Series:
    study = Study(
        1, 1, 0, name, role, name, 1, 9, 0,
        is_finished=False, stopped_at=None, best_trial_id=None, best_value=None,
    )  # fmt: skip
    return Series(place, name, role, (study,) * n)


def test_a_mark_stands_where_the_best_improved_and_nowhere_else() -> None:
    sizes = stair_trace(series(0), STEPS, THEME)["marker"]["size"]
    assert [size > 0 for size in sizes] == [True, True, False]


@pytest.mark.parametrize("place", range(20))
def test_a_tuned_control_is_never_drawn_as_a_search(place: int) -> None:
    tuned = series(place, role=Role.TUNED)
    assert dash_of(tuned) != "solid"
    search, control = (stair_trace(one, STEPS, THEME) for one in (series(place), tuned))
    assert search["line"]["width"] > control["line"]["width"]
    assert search["line"]["color"] == control["line"]["color"]


@pytest.mark.parametrize("place", range(4))
def test_a_fixed_control_is_a_dashed_line(place: int) -> None:
    line = level_line(series(place, role=Role.CONTROL), 1.0, 9.0, THEME)["line"]
    assert line["dash"] in {"dash", "dot", "dashdot"}


def test_the_ninth_study_still_has_a_look() -> None:
    line = stair_trace(series(8), STEPS, THEME)
    assert line["line"]["color"] in THEME.series
    assert line["marker"]["symbol"]


def test_a_band_is_filled_between_its_edges_in_its_lines_colour() -> None:
    band = Band([1.0, 2.0], [1.0, 0.5], [1.5, 1.0], [2.0, 1.5], [2.5, 2.0], [3.0, 2.5])
    low, high, first, third, middle = band_traces(series(1, n=3), band, THEME)
    assert (low["y"], middle["y"], high["y"]) == (band.low, band.middle, band.high)
    assert (first["y"], third["y"]) == (band.first, band.third)
    assert "fill" not in {**low, **first}
    assert high["fill"] == third["fill"] == "tonexty"
    red, green, blue = (int(THEME.series[1][i : i + 2], 16) for i in (1, 3, 5))
    assert high["fillcolor"].startswith(f"rgba({red},{green},{blue},0.")
    assert "3 repeats" in middle["hovertemplate"]


def test_a_control_is_a_level_line_from_the_start_to_the_end() -> None:
    line = level_line(series(0, "uniform", Role.CONTROL), 0.5, 12.0, THEME)
    assert (line["x"], line["y"]) == ([0.0, 12.0], [0.5, 0.5])
    assert line["line"]["color"] == THEME.control


def test_a_name_is_no_markup_in_any_trace() -> None:
    found = series(0, HOSTILE, n=2)
    band = Band(*[[1.0]] * 6)
    traces = [
        *band_traces(found, band, THEME),
        stair_trace(found, STEPS, THEME),
        level_line(found, 1.0, 2.0, THEME),
        dots(found, STEPS, THEME),
    ]
    text = json.dumps(traces, allow_nan=False)
    assert HOSTILE not in text
    assert "&lt;b&gt;x" in text
