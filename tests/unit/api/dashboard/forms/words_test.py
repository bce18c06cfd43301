"""What a form calls things."""

from __future__ import annotations

from typing import Any

import pytest

from api.dashboard.forms import words


@pytest.mark.parametrize(
    ("name", "title", "wanted"),
    [
        ("n_trials", "N Trials", "Trials"),
        ("patch_px", "Patch Px", "Patch"),
        ("lr", "Lr", "Learning rate"),
        ("n_train", "Training samples", "Training samples"),
        ("cpus_per_trial", "", "CPUs per trial"),
        ("n_", "", "n_"),
    ],
)
def test_labels(name: str, title: str, wanted: str) -> None:
    assert words.label_of(name, title) == wanted


@pytest.mark.parametrize(
    ("schema", "wanted"),
    [
        ({"minimum": 1, "maximum": 100000}, "from 1 to 100\u202f000"),
        ({"exclusiveMinimum": 0, "maximum": 1000.0}, "above 0, at most 1\u202f000"),
        ({"minimum": 0, "exclusiveMaximum": 1}, "from 0, below 1"),
        ({"exclusiveMinimum": 0, "maximum": 1e9}, "above 0, at most 1\u202f000\u202f000\u202f000"),
        ({"maximum": 3}, "at most 3"),
        ({}, ""),
    ],
)
def test_ranges(schema: dict[str, Any], wanted: str) -> None:
    assert words.limits_of(schema) == wanted


def test_values() -> None:
    assert [words.shown_value(v, "text") for v in (None, "a", 1, True)] == ["", "a", "1", "true"]
    assert words.shown_value("a", "json") == '"a"'
    assert words.first_paragraph("One\n  line.\n\nMore.") == "One line."
