"""What a view counts from, and its axes."""

from __future__ import annotations

import pytest

from api.dashboard.figures.views import (
    Scale,
    View,
    kind_of,
    optimum_of,
    spans_decades,
    time_unit,
)


def test_the_optimum_of_a_function_is_known_and_else_the_best_that_was_found() -> None:
    known = optimum_of("branin", [0.9, 0.5])
    assert known.is_known
    assert known.value == pytest.approx(0.397887, abs=1e-6)  # as published
    found = optimum_of(None, [0.9, 0.5])
    assert (found.value, found.is_known) == (0.5, False)
    assert "is not known" in found.in_words


@pytest.mark.parametrize(
    ("scale", "values", "is_auto_log", "kind"),
    [
        ("auto", [1.0, 2.0], False, "linear"),
        ("auto", [1.0, 2.0], True, "log"),
        ("log", [1.0, 0.0], False, "log"),
        ("log", [-1.0, 0.0], True, "linear"),
        ("log", [], True, "linear"),
        ("linear", [1.0, 100.0], True, "linear"),
    ],
)
def test_a_logarithmic_axis_needs_a_value_above_0(
    scale: Scale, values: list[float], is_auto_log: bool, kind: str
) -> None:
    assert kind_of(scale, values, is_auto_log=is_auto_log) == kind


def test_units_fit_the_longest_time() -> None:
    assert [time_unit(s)[1] for s in (0.0, 119.0, 120.0, 7199.0, 7200.0)] == [
        "s", "s", "min", "min", "h",
    ]  # fmt: skip


def test_a_zoom_is_kept_within_a_view_alone() -> None:
    views = [View(), View("time"), View(shown="regret"), View(y_scale="log"), View(x_scale="log")]
    assert len({view.revision for view in views}) == len(views)


def test_a_decade_of_positive_values_is_logarithmic() -> None:
    assert spans_decades([1.0, 10.0])
    assert not any(spans_decades(v) for v in ([1.0, 9.9], [0.0, 10.0], [-1.0, 10.0], []))
