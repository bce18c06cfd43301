"""Trainings to a decision: what counts once, and what the plan would have taken."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from api.evidence import decision_cost
from api.evidence.records import CellRecord
from tests.support.evidence import cell

EPOCHS = 4
FIDELITY = {"run_epochs": 80, "full_epochs": 160}


def costed(losses: dict[str, list[float]], fidelity: dict[str, Any] | None = None) -> CellRecord:
    found = cell(losses, report={"fidelity": FIDELITY if fidelity is None else fidelity})
    return replace(found, spec={"training": {"epochs": EPOCHS}})


def test_arms_that_are_the_same_training_count_once() -> None:
    own = [0.5, 0.6, 0.7, 0.8, 0.9]
    found = decision_cost.cost_of(costed({"flat_tuned": own, "density_tuned": own}))
    assert found == decision_cost.DecisionCost(20.0, 5, 40.0 + 20)
    assert found.share == pytest.approx(25 / 60)
    two = decision_cost.cost_of(costed({"flat_tuned": own, "density_tuned": own[::-1]}))
    assert two is not None
    assert two.finals == 9  # 0.7 is the third of both
    assert decision_cost.cost_of(costed({"a": own}, {})) is None


def test_the_sum_is_of_trainings_not_of_shares() -> None:
    short, long = costed({"a": [0.1] * 1}), costed({"a": [0.1 * n for n in range(20)]})
    text = decision_cost.section([short, long, cell({"a": [0.1]})])
    assert text.splitlines()[-1] == "| all | 40.0 | 21 | 120.0 | 0.51 |"
    assert decision_cost.section([]) == ""
