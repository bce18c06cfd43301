"""The answer in stored reports: of the last look, and of reports that have none."""

from __future__ import annotations

import pytest

from service.records import Json
from service.report.stored_answer import answer_in, effect_in, outcome_in

EFFECT = {"change": -0.1, "low": -0.2, "high": 0.0}


def test_the_last_look_counts() -> None:
    answer = {"outcome": "better", "looks": [{"effect": {"change": 0.3}}, {"effect": EFFECT}]}
    report = {"answer": answer}
    assert (answer_in(report), outcome_in(report), effect_in(report)) == (answer, "better", EFFECT)


@pytest.mark.parametrize("report", [None, {}, {"answer": None}, {"answer": {"looks": []}}])
def test_without_an_answer_there_is_nothing(report: Json | None) -> None:
    assert outcome_in(report) is None
    assert effect_in(report) is None


@pytest.mark.parametrize(
    ("outcome", "word"),
    [
        *((outcome, "not judged") for outcome in ("better", "worse", "no difference")),
        ("not decided", "not judged"),
        ("none found", "none found"),
        ("less reliable", "less reliable"),
    ],
)
def test_nothing_is_better_without_a_tuned_learning_rate(outcome: str, word: str) -> None:
    untuned = {"outcome": outcome, "question": {"is_rate_tuned": False}}
    assert outcome_in({"answer": untuned}) == word
    assert outcome_in({"answer": untuned | {"question": {"is_rate_tuned": True}}}) == outcome
