from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.dashboard import formats


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "\u2013"),
        (0.0043207726, "0.004321"),
        (-0.5, "\u22120.5"),
        (1.5e-7, "1.5\u00d710^\u22127"),
        (123456.0, "1.235\u00d710^5"),
        (float("inf"), "inf"),
        (12, "12"),
    ],
)
def test_numbers_keep_four_digits(value: float | None, text: str) -> None:
    assert formats.number(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "\u2013"),
        (0.25, "250 ms"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (185, "3 min 5 s"),
        (3599.7, "1 h"),
        (7440, "2 h 4 min"),
        (90000, "1 d 1 h"),
    ],
)
def test_durations_have_two_units_at_most(seconds: float | None, text: str) -> None:
    assert formats.duration(seconds) == text


def test_ago_names_the_largest_unit() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    told = [formats.ago(now - timedelta(seconds=s), now) for s in (5, 125, 7300, 200000)]
    assert told == ["just now", "2 min ago", "2 h ago", "2 d ago"]


def shown(versus: dict[str, Any]) -> list[str]:
    return [end.replace("\u202f", " ") for end in formats.interval(versus) or ()]


def test_an_interval_is_in_percent_of_the_baseline() -> None:
    # The baseline's mean is difference / relative = 0.5.
    versus = {"difference": -0.05, "relative": -0.1, "low": -0.075, "high": 0.025}
    assert shown(versus) == ["\u221215.0 %", "+5.0 %"]
    assert not shown(versus | {"low": None, "high": None})
    assert not shown(versus | {"difference": 0.0, "relative": 0.0})


def test_a_difference_from_nothing_is_no_percentage() -> None:
    versus = {"unit": "difference", "change": -0.02, "change_low": -0.05, "change_high": 0.0101}
    assert shown(versus) == ["\u22120.05", "+0.0101"]
    assert shown(versus | {"unit": "share"}) == ["\u22125.0 %", "+1.0 %"]
    assert formats.change(-0.02, "difference") == "\u22120.02"


def test_a_percentage_that_rounds_to_nothing_is_no_loss() -> None:
    assert formats.percent(-0.0002).replace("\u202f", " ") == "+0.0 %"


def test_plain_writes_what_specs_and_params_hold() -> None:
    assert formats.plain([0.25, 1]) == "0.25, 1"
    assert formats.plain({"low": 0.1, "log": True}) == "low 0.1, log True"
    assert formats.plain("<b>") == "<b>"  # the template escapes


def test_sizes_and_counts() -> None:
    assert [formats.size(n) for n in (12, 48_296, 1_500_000)] == ["12 B", "48.3 kB", "1.5 MB"]
    assert formats.count(100_000).replace("\u202f", " ") == "100 000"


def test_a_reason_becomes_a_sentence() -> None:
    assert formats.sentence("all workers are busy") == "All workers are busy."
    assert not formats.sentence("").strip(".")
