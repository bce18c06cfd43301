"""The colours of values: in order, and not taken by a few bad ones."""

from __future__ import annotations

from api.dashboard.figures.themes import THEMES
from api.dashboard.figures.value_colours import ON_DARK, ON_LIGHT, colours_of


def test_the_lowest_has_the_first_colour_and_most_lie_on_the_scale() -> None:
    found = colours_of([*range(1, 10), 1e6], THEMES["light"])
    assert (found.low, found.high, found.is_log) == (1.0, 9.0, False)
    assert (found.colour(1.0), found.colour(9.0), found.colour(1e6)) == (
        ON_LIGHT[0], ON_LIGHT[-1], ON_LIGHT[-1]
    )  # fmt: skip
    assert colours_of([1.0], THEMES["dark"]).stops == ON_DARK


def test_decades_are_on_a_log_scale_and_its_inverse_agrees() -> None:
    found = colours_of([0.001, 0.01, 0.1, 1.0], THEMES["light"])
    assert found.is_log
    assert abs(found.share(0.0316227766) - 0.5) < 1e-6
    assert abs(found.value(found.share(0.02)) - 0.02) < 1e-12


def test_equal_and_missing_values_have_a_colour() -> None:
    same = colours_of([2.0, 2.0], THEMES["light"])
    assert same.colour(2.0) == ON_LIGHT[0]
    assert not same.marker([2.0, 2.0], THEMES["light"])["showscale"]  # five times the same tick
    assert colours_of([], THEMES["light"]).share(0.3) == 0.3
