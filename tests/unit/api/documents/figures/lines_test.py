"""The best so far as SVG: staircases, levels, and a legend in the order of the ends."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from api.dashboard.figures.staircases import Step
from api.documents.figures.lines import ControlLevel, SearchLine, search_lines

SVG = "{http://www.w3.org/2000/svg}"


def stair(*values: float) -> list[Step]:
    return [Step(place + 1, value, place) for place, value in enumerate(values)]


def drawn(lines: list[SearchLine], *levels: ControlLevel) -> ET.Element:
    return ET.fromstring(search_lines(lines, levels, "T", "Loss"))  # noqa: S314 - our own


def points(picture: ET.Element) -> list[list[tuple[float, float]]]:
    found = []
    for own in picture.findall(f"{SVG}polyline"):
        pairs = [pair.split(",") for pair in own.attrib["points"].split()]
        found.append([(float(x), float(y)) for x, y in pairs])
    return found


def test_a_staircase_goes_along_before_it_goes_down() -> None:
    (line,) = points(drawn([SearchLine("a", [stair(3.0, 2.0)], 0)]))
    (x1, y1), (x2, y2), (x3, y3) = line
    assert (y2, x3) == (y1, x2)
    assert x2 > x1
    assert y3 > y1, "lower values are further down"


def test_the_legend_has_all_lines_and_levels_from_the_highest_to_the_lowest() -> None:
    lines = [SearchLine("<a>", [stair(3.0, 1.0)], 0), SearchLine("b", [stair(2.0), stair(1.5)], 1)]
    picture = drawn(lines, ControlLevel("uniform", 1.75))
    legend = [own.text for own in picture.findall(f"{SVG}text") if "  " in (own.text or "")]
    assert legend == ["uniform  1.75", "b  1.5", "<a>  1"]
    assert len(points(picture)) == 3, "each repeat has its line"


@pytest.mark.parametrize(
    "values", [(1.0,), (0.0, 0.0), (-3.0, -5.0), (1e300, 1e-300), (1e6, 2.0, 1.0), (5e-324,)]
)
def test_any_values_are_inside_the_picture(values: tuple[float, ...]) -> None:
    picture = drawn([SearchLine("a", [stair(*values)], 0)], ControlLevel("c", values[-1]))
    width, height = float(picture.attrib["width"]), float(picture.attrib["height"])
    for x, y in points(picture)[0]:
        assert 0 <= x <= width
        assert 0 <= y <= height
