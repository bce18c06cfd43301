"""Where the points of the chart of radii lie."""

from __future__ import annotations

from typing import Any

import pytest

from api.dashboard.figures.radii import APART, ROOM, radii_of


def cell(
    n: float | None, width: int, radius: float | None, **ends: float | None
) -> dict[str, Any]:
    settings = {"network.width": width} | ({} if n is None else {"task.n_train": n})
    both = {"low": None, "high": None} | ends
    return {"label": f"n_train {n}", "settings": settings, "radius": radius, **both}


def test_equal_ratios_of_data_are_equally_far_apart() -> None:
    cells = [cell(n, 8, r) for n, r in ((400, 1.0), (100, 2.0), (200, 1.5))]
    chart = radii_of({"cells": cells})
    assert chart is not None
    (series,) = chart.series
    assert series.label == "width 8"
    first, second, third = series.points
    assert second.x - first.x == pytest.approx(third.x - second.x)
    assert (first.x, third.x) == pytest.approx((ROOM, 100.0 - ROOM))
    # The larger radius is nearer to the top.
    assert (first.y, second.y, third.y) == pytest.approx((ROOM, 50.0, 100.0 - ROOM))
    assert [text for _, text in chart.x_marks] == ["100", "200", "400"]
    assert [text for _, text in chart.y_marks] == ["1.00", "1.33", "1.67", "2.00"]


def test_each_other_setting_has_a_series_next_to_the_others() -> None:
    cells = [
        cell(n, width, 1.0 + width / 10, low=1.0, high=3.0) for n in (1, 2) for width in (4, 8)
    ]
    chart = radii_of({"cells": cells})
    assert chart is not None
    four, eight = chart.series
    assert (four.label, eight.label) == ("width 4", "width 8")
    assert eight.points[0].x - four.points[0].x == pytest.approx(APART)
    assert four.points[0].top < four.points[0].y < four.points[0].bottom


def test_cells_without_an_optimum_are_no_points() -> None:
    cells = [cell(100, 8, 1.0), cell(200, 8, 1.2), cell(400, 8, None)]
    chart = radii_of({"cells": cells})
    assert chart is not None
    assert [len(series.points) for series in chart.series] == [2]


@pytest.mark.parametrize(
    "cells",
    [[], [cell(100, 8, 1.0)], [cell(100, 8, 1.0), cell(100, 16, 2.0)], [cell(None, 8, 1.0)]],
)
def test_there_is_no_chart_where_the_data_do_not_vary(cells: list[dict[str, Any]]) -> None:
    assert radii_of({"cells": cells}) is None


def test_equal_radii_lie_in_the_middle() -> None:
    chart = radii_of({"cells": [cell(0.1, 8, 1.0), cell(0.5, 8, 1.0)]})
    assert chart is not None
    assert [point.y for point in chart.series[0].points] == [50.0, 50.0]
