"""Texts of the sections: metrics in people's units, effects of reports of every version."""

from __future__ import annotations

from api.documents.texts import (
    effect_text,
    metric_interval,
    metric_value,
    params_text,
    sentences,
    value_text,
    versus_text,
)

NEW = {"unit": "ratio", "change": -0.2, "change_low": -0.3, "change_high": -0.1}
OLD = {"relative": -0.2, "difference": -2.0, "low": -3.0, "high": -1.0}


def test_both_versions_read_the_same() -> None:
    assert versus_text(NEW) == versus_text(OLD)
    assert versus_text(None) == ("\u2013", "\u2013")


def test_a_unit_stands_once() -> None:
    size, ends = versus_text(NEW)
    assert effect_text(size, ends).count("%") == 1
    assert effect_text(size, "\u2013") == size


def test_values_are_written_for_people() -> None:
    assert metric_value("accuracy", 0.9134).startswith("91.34")
    assert metric_value("unknown", 0.5) == "0.5"
    assert metric_interval("accuracy", [0.9, 0.92]) == "90.00 to 92.00"
    assert metric_interval("unknown", [0.5, 0.75]) == "0.5 to 0.75"
    assert metric_value("psnr_db", None) == "\u2013"
    assert value_text(58_000).replace("\u202f", "") == "58000"
    assert value_text({"a": True, "b": [1, 2]}) == "a yes, b 1, 2"
    assert params_text({}) == "\u2013"
    assert sentences(["a", None, "", "b", "a"]) == ["a", "b"]
