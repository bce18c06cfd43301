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


def early(**test: float) -> dict[str, Any]:
    """A report from before there were answers."""
    report = reported(None, **test)
    del report["answer"]
    return report


def untested() -> dict[str, Any]:
    """A report of a job that has nothing to test, or whose arms were not."""
    report = reported()
    for arm in report["arms"]:
        arm["test"] = None
    return report


def unjudged(outcome: str) -> dict[str, Any]:
    """A report without a tuned control."""
    question = {"arm": "tpe", "against": "uniform", "is_rate_tuned": False}
    return reported() | {"answer": {"outcome": outcome, "question": question}}


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
        (reported(), None, None),  # nothing was compared with it
        (untested(), None, "tpe"),
        (early(), None, "tpe"),
        (early(uniform_tuned=0.1), None, None),  # it lost
        (unjudged("better"), None, None),
        (unjudged("better"), "not decided", None),
        (unjudged("worse"), "not decided", None),
        (unjudged("none found"), "leave out", "uniform"),
    ],
)
def test_the_marked_arm_is_what_the_result_recommends(
    report: dict[str, Any], light: str | None, marked: str | None
) -> None:
    assert answers.marked_arm(report, light) == marked
