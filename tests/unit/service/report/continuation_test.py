"""Jobs that were continued beyond their plan: the planned answer stays, an e-value is added."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from service.report import build_report
from service.report.continuation import Continued
from service.report.e_values import e_value
from tests.support.report_records import Log, spec_of

LOSSES = {
    "random": [0.95, 0.97, 0.96, 0.93, 0.99, 0.94, 0.98, 0.92],
    "uniform": [1.0, 1.02, 0.97, 1.03, 1.0, 0.99, 1.01, 1.0],
}


def reported(n_seeds: int, to: int | None, n_trained: int = 8) -> dict[str, Any]:
    spec = spec_of(evaluation={"looks": [n_seeds]}, controls=["uniform", "uniform_tuned"])
    evaluation = spec.evaluation.model_copy(update={"continued_to": to})
    log = Log(spec.model_copy(update={"evaluation": evaluation}))
    for name, losses in LOSSES.items():
        log.judge(name, losses[0], *losses[:n_trained])
    return build_report(log.resolved, log.arms(), log.trials)


def test_the_planned_answer_stays_and_all_seeds_give_an_e_value() -> None:
    planned, continued = reported(3, None, 3), reported(3, 8)
    for name in ("outcome", "looks", "question", "chance", "metrics"):
        assert continued["answer"][name] == planned["answer"][name]
    assert [arm["test"] for arm in continued["arms"]] == [arm["test"] for arm in planned["arms"]]
    assert planned["answer"]["continued"] is None
    found = continued["answer"]["continued"]
    logs = np.log(np.divide(LOSSES["random"], LOSSES["uniform"]))
    value = e_value(8, logs.mean(), logs.std(ddof=1))
    assert found["e_value"] == pytest.approx(value)
    assert (found["n"], found["n_better"], found["n_planned"], found["n_seeds"]) == (8, 8, 3, 8)
    assert found["change"] == pytest.approx(np.expm1(logs.mean()))
    (words,) = (one for one in continued["findings"] if one.startswith("Continued unplanned"))
    assert words.startswith("Continued unplanned from 3 to 8 seeds: the density's test loss is ")
    assert words.endswith("(20 is needed, whenever one stops).")
    assert words in continued["verdict"]


def test_arms_of_the_same_training_have_no_e_value() -> None:
    same = Continued(3, 8, 8, 0, "ratio", 0.0, None)
    assert same.in_words() == (
        "Continued unplanned from 3 to 8 seeds: both arms have the same losses."
    )
    assert "at least 2 pairs" in Continued(3, 8, 1, 0, "ratio", 0.1, None).in_words()


@pytest.mark.parametrize(("value", "shows"), [(19.9, "does not show"), (20.0, "shows")])
def test_an_e_value_of_20_is_a_difference(value: float, shows: str) -> None:
    words = Continued(5, 40, 40, 31, "ratio", -0.05, value).in_words()
    assert words == (
        "Continued unplanned from 5 to 40 seeds: the density's test loss is 5 % lower (40 pairs); "
        f"its e-value is 20, which {shows} a difference (20 is needed, whenever one stops)."
    )


def test_seeds_beyond_the_continuation_do_not_count() -> None:
    assert reported(3, 5, 8)["answer"]["continued"] == reported(3, 5, 5)["answer"]["continued"]
    assert reported(3, 5)["answer"]["continued"]["n"] == 5


def test_a_number_within_the_plan_adds_nothing() -> None:
    assert reported(3, 3)["answer"]["continued"] is None
