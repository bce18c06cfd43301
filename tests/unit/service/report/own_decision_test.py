"""The decision in a report: by the job alone, whatever the scale of its loss and other arms."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.built_reports import report_of
from tests.support.report_records import Log, spec_of
from tests.support.verdict_cases import judged

EFFECTS = {
    "random": -0.05, "uniform": 0.0, "uniform_tuned": -0.07, "flat_tuned": -0.06,
    "density_tuned": -0.13,
}  # fmt: skip
OTHERS = ["uniform", "uniform_tuned", "flat_tuned", "linear", "gaussian"]


def test_the_probability_is_that_of_the_answer() -> None:
    report = judged(EFFECTS, n=10)
    decision = report["decision"]
    assert decision["light"] == "adopt"
    assert decision["chance"] == pytest.approx(report["answer"]["chance"])
    assert decision["margin_percent"] == 1.0
    basis = decision["basis"]
    assert (basis["task"], basis["kernel_sizes"]) == ("denoising", [3]) or basis[
        "kernel_sizes"
    ] == (3,)
    assert basis["test_split"] == "photos"
    assert basis["outcome"] == report["answer"]["outcome"]
    assert decision["search"]["n_trainings"] == len(EFFECTS)


def _decision(factor: float, controls: list[str]) -> dict[str, Any]:
    log = Log(spec_of(controls=controls, evaluation={"n_seeds": 4}))
    losses = {"random": (0.8, 0.82, 0.79, 0.84), "uniform_tuned": (0.9, 0.88, 0.91, 0.93)}
    for name in ("random", *controls):
        own = losses.get(name, (1.0, 1.02, 0.99, 1.3))
        log.judge(name, own[0], *(factor * x for x in own))
    found: dict[str, Any] = report_of(log)["decision"]
    return found


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_the_scale_of_the_loss_changes_nothing(factor: float) -> None:
    one, scaled = (_decision(f, OTHERS[:2]) for f in (1.0, factor))
    assert scaled["light"] == one["light"]
    assert scaled["words"] == one["words"]
    assert scaled["chance"] == pytest.approx(one["chance"])


def test_other_arms_change_no_probability() -> None:
    few, many = _decision(1.0, OTHERS[:2]), _decision(1.0, OTHERS)
    assert (few["light"], few["chance"]) == (many["light"], many["chance"])


def test_no_question_has_no_decision() -> None:
    log = Log(spec_of(controls=[]))
    log.judge("random", 1.0, 0.5, 0.6)
    assert report_of(log)["decision"] is None


def test_a_density_that_fails_is_left_out() -> None:
    report = judged(EFFECTS, n=5, lost={"density_tuned": 2})
    assert report["answer"]["outcome"] == "less reliable"
    assert report["decision"]["light"] == "leave out"
