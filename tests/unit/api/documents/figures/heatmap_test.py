"""A density as SVG: a cell for each tap, and colours that say on which side of 1 it is."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import pytest

from api.documents.figures.heatmap import heatmap
from densearch.density import families
from service import clock
from service.records import DensityRecord

SVG = "{http://www.w3.org/2000/svg}"


def record(n_dims: int, kernel_size: int, phi: list[Any] | None = None) -> DensityRecord:
    made: dict[str, Any] = families.control("gaussian", kernel_size, n_dims=n_dims).to_dict()
    return DensityRecord(
        1, 1, 1, 1, "", "gaussian", kernel_size, n_dims, [], made["alpha"], made.get("beta"),
        phi or made["phi"], None, {}, clock.now(),
    )  # fmt: skip


def boxes(own: DensityRecord) -> list[dict[str, str]]:
    picture = ET.fromstring(heatmap(own, "a < b"))  # noqa: S314 - our own
    return [found.attrib for found in picture.findall(f"{SVG}rect")]


@pytest.mark.parametrize(("n_dims", "n_boxes"), [(1, 5 + 5), (2, 25 + 10), (3, 25 + 10)])
def test_each_tap_has_a_cell_and_each_factor_its_bars(n_dims: int, n_boxes: int) -> None:
    assert len(boxes(record(n_dims, 5))) == n_boxes


def test_a_colour_is_redder_above_1_and_bluer_below() -> None:
    cells = boxes(record(2, 3, [[0.5, 1.0, 1.5], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]))[:3]
    low, middle, high = (cell["fill"] for cell in cells)
    reds, blues = ([int(cell[at : at + 2], 16) for cell in (low, middle, high)] for at in (1, 5))
    assert reds[0] < reds[1]
    assert blues[2] < blues[1]
    assert blues[0] > reds[0]
    assert reds[2] > blues[2]
