"""The forest plot: well formed, its marks in the order of the ratios, texts escaped."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from api.documents.figures.forest import ForestRow, forest

ROWS = [
    ForestRow("a < b & c", 0.9, 0.8, 1.01, "0.9"),
    ForestRow("wide", 1.2, 0.001, 900.0, "1.2"),
    ForestRow("same", 1.0, None, None, "the same"),
    ForestRow("nothing", None, None, None, "no result"),
    ForestRow("all", 0.95, 0.9, 1.0, "0.95", is_pooled=True),
]


def tags(rows: list[ForestRow], tag: str) -> list[ET.Element]:
    root = ET.fromstring(forest(rows, "Title & more", 0.01))  # noqa: S314 - our own
    return root.findall(f".//{{http://www.w3.org/2000/svg}}{tag}")


def test_marks_stand_in_the_order_of_the_ratios_and_inside_the_plot() -> None:
    marks = [float(own.attrib["x"]) for own in tags(ROWS, "rect")[2:]]
    assert len(marks) == 3
    assert marks[0] < marks[2] < marks[1]
    assert len(tags(ROWS, "polygon")) == 3  # the diamond, and arrows where "wide" goes on
    for line in tags(ROWS, "line"):
        assert 260 <= float(line.attrib["x1"]) <= float(line.attrib["x2"]) <= 680


def test_an_interval_that_reaches_0_ends_in_an_arrow() -> None:
    rows = [ForestRow("two seeds", 0.9, -11.0, 1.05, "")]
    (arrow,) = tags(rows, "polygon")
    assert float(arrow.attrib["points"].split(",")[0]) < float(tags(rows, "rect")[-1].attrib["x"])
    assert any(line.attrib.get("stroke-width") == "2" for line in tags(rows, "line"))


def test_texts_are_whole() -> None:
    texts = [own.text for own in tags(ROWS, "text")]
    assert {"a < b & c", "Title & more", "no result", "1", "lower loss"} <= set(texts)


@pytest.mark.parametrize("ratio", [0.2, 0.99, 1.0, 5.0])
def test_a_row_alone_has_an_axis_with_1(ratio: float) -> None:
    texts = [own.text for own in tags([ForestRow("a", ratio, None, None, "")], "text")]
    assert "1" in texts


def test_single_seeds_are_dots_of_their_row_and_widen_the_axis() -> None:
    alone = tags([ForestRow("a", 0.9, 0.8, 1.0, "")], "circle")
    seeds = tags([ForestRow("a", 0.9, 0.8, 1.0, "", points=[0.5, 1.0, 2.0, 0.0])], "circle")
    places = [float(own.attrib["cx"]) for own in seeds]
    assert alone == []
    assert len(places) == 3, "a ratio of 0 has no logarithm"
    assert places == sorted(places)
    assert places[0] + places[2] == pytest.approx(2 * places[1], abs=0.2), "half and twice"
