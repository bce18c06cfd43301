"""What a value of the search vector sets, in words."""

from __future__ import annotations

from typing import Any

import pytest

from densearch.vector_text import layers_text, range_text, taps_text, texts_within

TAPS: dict[str, Any] = {"group": "", "layers": ["0", "2"], "factors": [], "positions": None}
SETTING: dict[str, Any] = {**TAPS, "group": None, "layers": []}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "all taps but the centre"),
        ({"factors": ["alpha", "beta"], "positions": [[-2], [2]]}, "alpha, beta at -2, +2"),
        ({"positions": [[0, -1]]}, "(0, -1)"),
        ({"positions": [[-1], [1]]}, "(-1), (+1)"),
        (
            {"positions": [[-1, 0, 0], [0, -1, 0], [0, 0, -1], [0, 0, 1], [0, 1, 0], [1, 0, 0]]},
            "(-1, 0, 0), (0, -1, 0), (0, 0, -1), (0, 0, +1) and 2 more taps",
        ),
    ],
)
def test_taps_are_offsets_from_the_centre(changes: dict[str, Any], text: str) -> None:
    assert taps_text({**TAPS, **changes}) == text


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "all"),
        ({"layers": ["0"]}, "0"),
        ({"group": "3x3"}, "0, 2"),
        ({"group": "3x3", "layers": ["0", "2", "5"]}, "3 layers"),
    ],
)
def test_layers_are_named_where_they_are_few(changes: dict[str, Any], text: str) -> None:
    assert layers_text({**TAPS, **changes}) == text


def test_a_setting_belongs_to_no_layer() -> None:
    assert (layers_text(SETTING), taps_text(SETTING)) == ("", "")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"low": 0.05, "high": 1.0}, "0.05 to 1"),
        ({"low": 0.001, "high": 0.5, "is_log": True}, "0.001 to 0.5, logarithmic"),
        ({"choices": ["sgd", "adam"]}, "sgd, adam"),
    ],
)
def test_ranges_tell_their_scale(changes: dict[str, Any], text: str) -> None:
    assert range_text({"low": None, "high": None, "is_log": False, "choices": None} | changes) == (
        text
    )


def on(*ranges: tuple[float, str]) -> dict[str, Any]:
    return {"axes": [{"axis": "den", "best": best, "text": text} for best, text in ranges]}


@pytest.mark.parametrize(
    ("values", "plateau", "texts"),
    [
        ([1.0, 0.84944], None, ["1", "0.849"]),
        # With two digits these were 1.1, outside of their ranges.
        ([1.1484], on((1.1484, "at least 1.148 to 1.173")), ["1.148"]),
        ([1.13], on((1.13, "1.114 to 1.191")), ["1.130"]),
        ([0.2941, 0.8123], on((0.2941, "0.25 to 0.41"), (0.8123, "0.8")), ["0.29", "0.8"]),
        # Each value has its own range, also where two are equal.
        ([0.5, 0.5], on((0.5, "0.4 to 0.6"), (0.5, "0.50 to 0.51")), ["0.5", "0.50"]),
        ([0.0406], on((0.0406, "0.04 to 0.3")), ["0.04"]),
        ([1.26e-6], on((1.26e-6, "1.1e-06 to 1.4e-06")), ["1.3e-06"]),
        ([127.0], on((127.0, "60 to 130")), ["127"]),
        ([0.0], on((0.0, "0.0 to 0.2")), ["0.0"]),
        # A searched setting that is no number, and a plateau of another point.
        ([0.25], on((0.75, "0.7 to 0.8")), ["0.25"]),
    ],
)
def test_a_value_does_not_leave_its_range_by_rounding(
    values: list[float], plateau: dict[str, Any] | None, texts: list[str]
) -> None:
    assert texts_within(values, plateau) == texts
