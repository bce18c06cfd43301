"""Where the effects of a forest plot lie."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest

from api.dashboard.figures.forest import APART, forest_of
from api.dashboard.formats import percent


def row(index: int, change: float | None, low: float = -0.1, high: float = 0.1) -> dict[str, Any]:
    has = change is not None
    return {
        "index": index,
        "change": change,
        "low": low if has else None,
        "high": high if has else None,
    }


def test_all_effects_are_on_one_logarithmic_scale() -> None:
    """Half the loss and twice the loss lie as far from no change."""
    found = forest_of({"cells": [row(0, -0.5, -0.6, 1.0), row(1, 1.0, 0.5, 1.2)], "pooled": None})
    assert found is not None
    low, high = found.strips[0], found.strips[1]
    assert found.zero - low.at == pytest.approx(high.at - found.zero)
    assert 0.0 < low.low < low.at < found.zero < low.high < 100.0
    width = 1.08 * (math.log(2.2) - math.log(0.4))
    assert high.high - low.low == pytest.approx(100.0 * math.log(2.2 / 0.4) / width)


def test_a_cell_without_an_effect_has_no_strip() -> None:
    found = forest_of({"cells": [row(0, -0.1), row(1, None)], "pooled": None})
    assert found is not None
    assert found.strips.keys() == {0}
    assert forest_of({"cells": [row(0, None)], "pooled": None}) is None


def test_one_wide_interval_of_many_is_cut_off_at_the_edge() -> None:
    cells = [*(row(n, 0.0) for n in range(60)), row(60, 0.0, -0.99, 90.0)]
    found = forest_of({"cells": cells, "pooled": None})
    assert found is not None
    assert (found.strips[60].low, found.strips[60].high) == (0.0, 100.0)
    assert found.strips[0].high - found.strips[0].low > 80.0


def test_the_mean_and_what_another_task_may_show_are_on_it() -> None:
    pooled = {
        "change": -0.05,
        "low": -0.1,
        "high": 0.0,
        "prediction_low": -0.2,
        "prediction_high": 0.1,
    }
    found = forest_of({"cells": [row(0, -0.05)], "pooled": pooled})
    assert found is not None
    assert found.mean is not None
    assert found.new is not None
    assert found.mean.at == found.strips[0].at
    assert found.new.low < found.mean.low < found.mean.high < found.new.high
    assert found.new.ends == f"{percent(-0.2)} to {percent(0.1)}"


@pytest.mark.parametrize("reach", [0.004, 0.05, 0.3, 2.0])
def test_marks_are_apart_and_have_no_change_among_them(reach: float) -> None:
    low, high = math.expm1(-reach), math.expm1(reach)
    found = forest_of({"cells": [row(0, 0.0, low, high)], "pooled": None})
    assert found is not None
    places = [place for place, _ in found.marks]
    assert (found.zero, "0") in found.marks
    assert all(b - a >= APART for a, b in pairwise(places))


def test_effects_of_nothing_at_all_are_drawn() -> None:
    found = forest_of({"cells": [row(0, 0.0, 0.0, 0.0)], "pooled": None})
    assert found is not None
    assert found.strips[0].at == found.zero == 50.0
