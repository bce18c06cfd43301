"""Figures as CSV, read back by Python's own reader."""

from __future__ import annotations

import csv
import io

import pytest

from api.dashboard.figures.tables import csv_of
from api.dashboard.figures.themes import Figure

LAYOUT = {"xaxis": {"title": {"text": "Trial"}}, "yaxis": {"title": {"text": "Best"}}}


def read(figure: Figure | None) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(csv_of(figure))))


def line(**more: object) -> Figure:
    return {"type": "scatter", "name": "tpe", "x": [1, 2], "y": [0.1, 1e-17], **more}


def test_a_point_is_a_row_in_full_precision_under_the_titles_of_its_axes() -> None:
    found = read({"data": [line()], "layout": LAYOUT})
    assert found[1] == {"series": "tpe", "Trial": "2", "Best": "1e-17"}
    assert float(found[0]["Best"]) == 0.1


def test_what_a_figure_says_on_hovering_are_columns() -> None:
    one = line(customdata=[3, 4], name="a &amp; b", meta={"columns": ["trial"]})
    two = line(customdata=[[5.5, 6.5], [7.5, 8.5]], meta={"columns": ["low", "high"]})
    found = read({"data": [one, two], "layout": LAYOUT})
    assert found[0] == {
        "series": "a & b", "Trial": "1", "Best": "0.1", "trial": "3", "low": "", "high": "",
    }  # fmt: skip
    assert (found[3]["low"], found[3]["high"]) == ("7.5", "8.5")


def test_edges_of_bands_are_no_rows() -> None:
    assert read({"data": [line(meta={"is_hidden": True})], "layout": LAYOUT}) == []
    assert csv_of(None) == "series\n"


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_a_name_is_no_formula_of_a_spreadsheet(name: str) -> None:
    [row, _] = read({"data": [line(name=name)], "layout": LAYOUT})
    assert row["series"] == f"'{name}".replace("\r", " ")


def test_negative_numbers_stay_numbers() -> None:
    [row, _] = read({"data": [line(y=[-1.5, 0.0])], "layout": LAYOUT})
    assert float(row["Best"]) == -1.5


def test_a_heat_map_is_a_row_a_cell_and_a_bar_has_its_start() -> None:
    heat = {
        "type": "heatmap",
        "name": "Phi",
        "x": [-1, 0],
        "y": [5, 6],
        "z": [[1.0, 2.0], [3.0, 4.0]],
    }
    found = read({"data": [heat], "layout": {}})
    assert [(r["y"], r["x"], r["Phi"]) for r in found][2] == ("6", "-1", "3.0")
    bar = {"type": "bar", "name": "w", "x": [2.0], "y": ["w"], "base": [7.0], "xaxis": "x2"}
    [row] = read({"data": [bar], "layout": {"xaxis2": {"title": {"text": "s"}}}})
    assert row == {"series": "w", "s": "2.0", "y": "w", "start": "7.0"}
