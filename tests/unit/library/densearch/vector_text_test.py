"""What a value of the search vector sets, in words."""

from __future__ import annotations

from typing import Any

import pytest

from densearch.vector_text import layers_text, range_text, taps_text

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
