"""Costs in words."""

from __future__ import annotations

import pytest

from api.dashboard import cost_formats
from service.costs.figures import Epoch, Estimate, Interval, Money
from service.costs.workload import CONFIRMATION, CONTROL, EVALUATION, PROMOTION, SEARCH, TUNED


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.25, "250 ms"),
        (3.14159, "3.1 s"),
        (48.7, "49 s"),
        (185.0, "3 min 5 s"),
        (864.0, "14 min"),
        (2 * 3600 + 240.0, "2 h 4 min"),
        (13 * 3600 + 1800.0, "13 h"),
        (3 * 86400.0, "3 d"),
        (None, "–"),  # noqa: RUF001 - an en dash
    ],
)
def test_durations_have_the_digits_that_count(seconds: float | None, words: str) -> None:
    assert cost_formats.rough(seconds) == words


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (11.0, 14.0, "11 to 14 s"),
        (50.0, 70.0, "50 s to 1 min 10 s"),
        (720.0, 1020.0, "12 to 17 min"),
        (12.0, 12.0, ""),
        (3600.0, 7200.0, "1 to 2 h"),
        (3700.0, 7300.0, "1 h 2 min to 2 h 2 min"),
    ],
)
def test_ranges_tell_a_common_unit_once(low: float, high: float, words: str) -> None:
    assert cost_formats.span(Interval(low, low, high)) == words


def test_money_has_the_digits_that_count() -> None:
    assert cost_formats.amount(12.345, "EUR") == "12.35 EUR"
    assert cost_formats.amount(0.0241, "EUR") == "0.024 EUR"
    assert cost_formats.amount(7.8e-5, "EUR") == "under 0.01 EUR"
    assert cost_formats.amount(0.0, "EUR") == "0 EUR"
    assert cost_formats.money_span(Money(Interval(7e-5, 8e-5, 9e-5), "EUR")) == ""
    assert (
        cost_formats.money_span(Money(Interval(0.021, 0.024, 0.028), "EUR"))
        == "0.021 to 0.028 EUR"
    )
    assert cost_formats.money_span(Money(Interval(2.0, 2.0, 2.0), "EUR")) == ""


def test_every_kind_of_training_has_its_words() -> None:
    kinds = (SEARCH, TUNED, CONTROL, PROMOTION, CONFIRMATION, EVALUATION)
    assert set(cost_formats.KINDS) == set(kinds)
    assert cost_formats.kind_name(EVALUATION) == "Final evaluation"
    assert cost_formats.epochs((4, 4, 4)) == "4"
    assert cost_formats.epochs((1, 2, 4)) == "1 to 4"


@pytest.mark.parametrize(
    ("name", "words"),
    [("calibration", "timed on a CPU"), ("trials", "of 9 earlier"), ("spec", "as the spec says")],
)
def test_the_source_is_told(name: str, words: str) -> None:
    assert words in cost_formats.source(Epoch(Interval(1, 1, 1), name, 9, "a CPU", None))


def _estimate(state: str, detail: str | None, time_s: Interval | None) -> Estimate:
    return Estimate(
        state=state,
        detail=detail,
        trainings=(),
        n_trainings=12,
        n_epochs=48,
        epoch=None,
        pack_width=None,
        n_workers=None,
        work_s=None,
        time_s=time_s,
        memory=None,
        least_memory_bytes=None,
        worker_memory_bytes=None,
        money=None,
        overhead_s=None,
        same_job=None,
        warnings=(),
    )


def test_the_summary_says_what_is_known() -> None:
    ready = _estimate("ready", None, Interval(700, 864, 900))
    assert cost_formats.summary(ready) == (
        "Estimate: at most 12 trainings, about 14 min from start to end"
    )
    assert cost_formats.summary(_estimate("ready", None, None)) == "Estimate: at most 12 trainings"
    assert (
        cost_formats.summary(_estimate("measuring", "a worker measures", None))
        == "a worker measures"
    )
