"""What pages, documents and the command line say alike of a job."""

from __future__ import annotations

from typing import Any

import pytest

from densearch import answers


def reported(outcome: str | None = None, **test: float) -> dict[str, Any]:
    losses = {"tpe": 0.2, "uniform_tuned": 0.3} | test
    return {
        "best_arm": "tpe",
        "arms": [
            {"name": name, "role": "search" if name == "tpe" else "tuned",
             "test": {"loss_mean": loss}}
            for name, loss in losses.items()
        ],
        "answer": {"outcome": outcome, "question": {"arm": "tpe", "against": "uniform_tuned"}}
        if outcome
        else None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("report", "light", "marked"),
    [
        (reported("better"), None, "tpe"),
        (reported("better"), "adopt", "tpe"),
        (reported("better"), "leave out", "uniform_tuned"),  # better, by less than matters
        (reported("worse"), None, "uniform_tuned"),
        (reported("no difference"), "leave out", "uniform_tuned"),
        (reported("not decided"), "more seeds", None),
        (reported("not decided"), "adopt", "tpe"),  # with what earlier jobs found
        (reported(), None, "tpe"),
        (reported(uniform_tuned=0.1), None, None),  # it lost
    ],
)
def test_the_marked_arm_is_what_the_result_recommends(
    report: dict[str, Any], light: str | None, marked: str | None
) -> None:
    assert answers.marked_arm(report, light) == marked
