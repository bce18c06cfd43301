"""The words of a decision, sentence by sentence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from densearch.answers.compared_metric import ComparedMetric
from service.report.decision_words import DecisionCase, MoreSeeds, reasons
from service.report.search_cost import SearchCost

CASE = DecisionCase(
    light="adopt",
    against="uniform_tuned",
    outcome="better",
    is_rate_tuned=True,
    n=10,
    margin=0.01,
    chance=0.972,
    gain=0.069,
    more=None,
    search=SearchCost(96, 96.0, 10.0),
    prior_words="",
)
PLAIN = "the plain network at its best learning rate"


def words(**changes: Any) -> list[str]:
    return reasons(replace(CASE, **changes))


def test_adopt() -> None:
    first, cost = words()
    assert first == (
        "Adopt the density. The probability that its loss is lower by more than 1 % than that of "
        f"{PLAIN} is 97 %."
    )
    assert cost == (
        "The search took 96 trainings. Once the network has been trained 96 times for use, that "
        "is one more training each time, for a loss that is 6.9 % lower."
    )


def test_a_metric_that_is_maximised_is_named_in_its_direction() -> None:
    first, cost = words(own=ComparedMetric("mAP50", is_maximized=True))
    assert "that its mAP50 is higher by more than 1 % than that of" in first
    assert cost.endswith("one more training each time, for a mAP50 that is 6.9 % higher.")


def test_more_seeds() -> None:
    more = MoreSeeds(n_seeds=20, n_trainings=80, chance=0.71)
    known = {"light": "more seeds", "chance": 0.6, "more": more, "outcome": "not decided"}
    first, cost = words(**known, search=SearchCost(1, 0.5, 1.0))
    assert first == (
        "Train 20 more seeds (80 trainings). The probability that its loss is lower by more than "
        f"1 % than that of {PLAIN} is 60 %. They decide that with a probability of 71 %."
    )
    assert cost == "The search took 1 training."


def test_a_verdict_that_is_better_is_not_contradicted() -> None:
    more = MoreSeeds(n_seeds=20, n_trainings=80, chance=0.71)
    first, _ = words(light="more seeds", chance=0.6, more=more)
    assert first == (
        "The density is better; whether by more than 1 % is open. The probability that its loss "
        f"is lower by more than 1 % than that of {PLAIN} is 60 %. To decide it, train 20 more "
        "seeds (80 trainings); they decide that with a probability of 71 %."
    )
    first, _ = words(light="not decided", chance=0.6, more=None)
    assert first.startswith("The density is better; whether by more than 1 % is open. A job may")


def test_a_gain_that_is_likely_is_not_called_established() -> None:
    first, _ = words(outcome="not decided", chance=0.93)
    assert first.startswith("Adopt the density: likely, though not established. The probability")


def test_not_decided() -> None:
    more = MoreSeeds(n_seeds=80, n_trainings=320, chance=0.2)
    known = {"light": "not decided", "chance": 0.5, "more": more, "outcome": "not decided"}
    (first,) = words(**known, search=None)
    assert first.startswith("Not decided. More seeds will hardly help. The probability that")
    assert first.endswith("80 more seeds decide that with a probability of 20 %.")


@pytest.mark.parametrize("chance", [1e-9, 1.0 - 1e-9])
def test_nothing_is_certain(chance: float) -> None:
    first = words(chance=chance)[0]
    assert "is under 1 %." in first or "is over 99 %." in first


def test_a_search_without_trainings_costs_nothing() -> None:
    assert len(words(search=SearchCost(0, 0.0, 0.0))) == 1
