"""Arms and samplers next to one another: ratios of reports of any version, runs as dots."""

from __future__ import annotations

from typing import Any

import pytest

from api.dashboard.figures.arm_ratios import arms_figure, ratio_of, samplers_figure, seed_ratios
from api.dashboard.figures.tables import csv_of
from api.dashboard.figures.themes import THEMES

LIGHT = THEMES["light"]
NEW = {"unit": "ratio", "change": -0.2, "change_low": -0.3, "change_high": -0.1}
OLD = {"relative": -0.2, "difference": -2.0, "low": -3.0, "high": -1.0}
PLAIN: dict[str, Any] = {"name": "uniform", "role": "control", "test": {"losses": [1.0, 2.0]}}
ARM: dict[str, Any] = {
    "name": "<b>", "role": "search", "sampler": "tpe", "validation_loss": 3.0, "vs_uniform": NEW,
    "test": {"losses": [0.5, 1.8], "loss_mean": 1.15},
}  # fmt: skip


@pytest.mark.parametrize(
    ("versus", "expected"),
    [
        (NEW, (0.8, 0.7, 0.9)),
        (OLD, (0.8, 0.7, 0.9)),
        ({**NEW, "change_low": None, "change_high": None}, (0.8, None, None)),
        ({**NEW, "unit": "difference"}, None),
        ({"relative": None, "difference": 0.1}, None),
        ({"relative": 0.0, "difference": 0.0}, None),
    ],
)
def test_a_ratio_with_its_interval(versus: dict[str, Any], expected: Any) -> None:  # noqa: ANN401 - of floats
    found = ratio_of(versus)
    assert found == (None if expected is None else pytest.approx(expected))


def test_each_seed_is_a_dot_and_each_arm_has_its_interval() -> None:
    figure = arms_figure({"arms": [ARM, PLAIN]}, LIGHT)
    assert figure is not None
    dots, means = figure["data"]
    assert dots["x"] == [0.5, 0.9]
    assert set(dots["y"]) == {"&lt;b&gt;"}
    assert means["x"] == pytest.approx([0.8])
    assert means["error_x"]["array"] == pytest.approx([0.1])
    assert means["error_x"]["arrayminus"] == pytest.approx([0.1])


def test_a_wide_interval_ends_in_an_arrow_near_the_points() -> None:
    wide = {**ARM, "vs_uniform": {**NEW, "change_low": -12.0, "change_high": 11.0}}
    figure = arms_figure({"arms": [wide, PLAIN]}, LIGHT)
    assert figure is not None
    _, means, arrows = figure["data"]
    low, high = figure["layout"]["xaxis"]["range"]
    assert -0.1 < low < 0.5
    assert 1.05 < high < 2.0
    assert arrows["marker"]["symbol"] == ["triangle-left", "triangle-right"]
    assert all(low < x < high for x in arrows["x"])
    assert "arrow" in figure["layout"]["meta"]["caption"]
    assert means["customdata"] == [pytest.approx([-11.0, 12.0])]
    table = csv_of(figure)
    assert len(table.splitlines()) == 1 + 3  # two seeds and the mean with its ends


def test_seeds_that_an_arm_has_lost_are_no_pairs() -> None:
    lost = {**ARM, "test": {**ARM["test"], "n_diverged": 1}}
    assert seed_ratios(lost, PLAIN) == []
    figure = arms_figure({"arms": [lost, PLAIN]}, LIGHT)
    assert figure is not None
    assert len(figure["data"]) == 1


@pytest.mark.parametrize("report", [{}, {"arms": [ARM]}, {"arms": [PLAIN]}])
def test_without_a_comparison_there_is_no_figure(report: dict[str, Any]) -> None:
    assert arms_figure(report, LIGHT) is None


def test_samplers_show_each_search_by_the_loss_that_is_compared() -> None:
    other = {**ARM, "sampler": "random", "validation_loss": 5.0, "test": {"loss_mean": 2.0}}
    again = {**other, "validation_loss": 7.0, "test": {"loss_mean": 4.0}}
    report: dict[str, Any] = {"arms": [ARM, other, again, PLAIN], "samplers": {"is_test": False}}
    figure = samplers_figure(report, LIGHT)
    assert figure is not None
    assert (figure["data"][0]["x"], figure["data"][1]["x"]) == ([3.0, 5.0, 7.0], [3.0, 6.0])
    tested = samplers_figure(report | {"samplers": {"is_test": True}}, LIGHT)
    assert tested is not None
    assert tested["data"][1]["x"] == [1.15, 3.0]
    assert samplers_figure({"arms": [ARM, PLAIN]}, LIGHT) is None
