"""Margins as people write them into an address."""

from __future__ import annotations

import pytest

from api.dashboard.pages.margins import MarginChoice, margin_of


@pytest.mark.parametrize("given", [None, "", "  "])
def test_without_one_the_specs_holds(given: str | None) -> None:
    assert margin_of(given) == MarginChoice("", None, None)


@pytest.mark.parametrize(
    ("given", "percent"),
    [("2", 2.0), (" 2.5 ", 2.5), ("2.5 %", 2.5), (".5", 0.5), ("7.", 7.0), ("99.9%", 99.9)],
)
def test_a_number_of_percent_is_taken(given: str, percent: float) -> None:
    found = margin_of(given)
    assert found.percent == percent
    assert found.fault is None
    assert float(found.text) == percent


@pytest.mark.parametrize(
    "given",
    [
        "0",
        "100",
        "-1",
        "1e1",
        "nan",
        "inf",
        "2,5",
        "two",
        "0.0",
        "1_0",
        "٣",
        "%",
        "1" * 400,
        "2 5",
    ],
)
def test_what_is_no_gain_is_answered_in_words(given: str) -> None:
    found = margin_of(given)
    assert found.percent is None
    assert found.fault is not None
    assert found.fault.startswith(f"“{given[:20]}")
    assert "a number above 0 and below 100, such as 2.5" in found.fault
    assert len(found.fault) < 200
    assert len(found.text) <= 21
