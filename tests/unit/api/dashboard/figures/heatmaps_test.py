from __future__ import annotations

import json

import numpy as np
import pytest

from api.dashboard.figures.heatmaps import MAX_NUMBERED, density_figure, plane
from api.dashboard.figures.themes import THEMES, Figure
from densearch.density import families
from densearch.density.families import Density
from service import clock
from service.records import DensityRecord


def record(found: Density) -> DensityRecord:
    values = found.to_dict()
    return DensityRecord(
        1, 1, 4, 1, "", found.family, found.kernel_size, found.n_dims, list(found.vector),
        values["alpha"], values.get("beta"), values["phi"], found.den, {}, clock.now(),  # type: ignore[arg-type]
    )  # fmt: skip


def traces(figure: Figure) -> dict[str, Figure]:
    return {trace["name"]: trace for trace in figure["data"]}


def test_rows_belong_to_alpha_and_columns_to_beta() -> None:
    found = families.build("separable", 3, [0.5, 0.7, 0.2, 0.9])
    shown = traces(density_figure(record(found), THEMES["light"]))
    alpha, beta = shown["alpha"], shown["beta"]
    assert alpha["x"] == [0.5, 1.0, 0.7]
    assert beta["y"] == [0.2, 1.0, 0.9]
    np.testing.assert_allclose(shown["Phi"]["z"], np.outer(alpha["x"], beta["y"]))
    assert alpha["y"] == beta["x"] == shown["Phi"]["x"] == shown["Phi"]["y"] == [-1, 0, 1]


def test_the_first_row_is_at_the_top() -> None:
    found = families.build("symmetric", 3, [0.5])
    layout = density_figure(record(found), THEMES["light"])["layout"]
    assert layout["yaxis"]["autorange"] == "reversed"


@pytest.mark.parametrize("value", [0.2, 1.8, -3.0])
def test_one_is_in_the_middle_of_the_colours(value: float) -> None:
    found = families.build("symmetric", 3, [value])
    cells = traces(density_figure(record(found), THEMES["dark"]))["Phi"]
    assert (cells["zmin"] + cells["zmax"]) / 2 == pytest.approx(1.0)
    flat = np.ravel(cells["z"])
    assert cells["zmin"] <= flat.min() + 1e-12
    assert flat.max() - 1e-12 <= cells["zmax"]
    assert cells["colorscale"][1] == [0.5, THEMES["dark"].middle]


def test_a_uniform_density_is_not_blown_up_to_contrast() -> None:
    cells = traces(density_figure(record(families.control("uniform", 3)), THEMES["light"]))["Phi"]
    assert cells["zmax"] - cells["zmin"] == pytest.approx(0.5)


def test_numbers_stand_in_cells_that_can_hold_them() -> None:
    small = traces(
        density_figure(record(families.control("linear", MAX_NUMBERED)), THEMES["light"])
    )
    assert all("texttemplate" in trace for trace in small.values())
    large = traces(density_figure(record(families.control("linear", 21)), THEMES["light"]))
    assert all("texttemplate" not in trace for trace in large.values())


def test_signals_are_one_row_and_volumes_their_central_slice() -> None:
    line = record(families.build("separable", 3, [0.5, 0.7], n_dims=1))
    assert plane(line) == [[0.5, 1.0, 0.7]]
    assert set(traces(density_figure(line, THEMES["light"]))) == {"Phi", "beta"}
    cube = families.build("symmetric", 3, [0.5], n_dims=3)
    np.testing.assert_array_equal(plane(record(cube)), cube.phi[1])


def test_figures_are_json_without_nan() -> None:
    for family, vector in (("full", [0.0] * 8), ("power", [1e-3, 6.0])):
        figure = density_figure(record(families.build(family, 3, vector)), THEMES["dark"])
        json.dumps(figure, allow_nan=False)
        assert {trace["type"] for trace in figure["data"]} == {"heatmap", "bar"}
