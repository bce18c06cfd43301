"""The report of a job, from arms and trials made by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from service import rules
from service.arms import Arm, open_arm
from service.records import Job, Study, Trial
from service.report import build_report
from service.spec import JobSpec
from service.states import JobState, Phase, TrialState

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SPEC = rules.parse(
    {
        "name": "photos",
        "task": {"kind": "denoising"},
        "density": {"bounds": [[0.0, 2.0]]},
        "samplers": ["random"],
        "controls": ["uniform", {"name": "flat", "factor": 0.5}],
        "budget": {"n_trials": 1},
        "evaluation": {"n_seeds": 2},
    }
)


def trial(trial_id: int, study_id: int, phase: Phase, number: int, **changes: Any) -> Trial:
    values: dict[str, Any] = {
        "id": trial_id,
        "job_id": 1,
        "study_id": study_id,
        "phase": phase,
        "number": number,
        "state": TrialState.COMPLETED,
        "certainty": "certain",
        "point": [0.25],
        "params": {},
        "digest": str(trial_id),
        "payload": {"phi": None},
        "seed": 0,
        "value": 1.0,
        "is_diverged": False,
        "metrics": {"loss": 1.0},
        "training_s": 2.0,
        "cached_from": None,
        "n_attempts": 1,
        "error": None,
        "queued_at": NOW,
        "started_at": NOW,
        "finished_at": NOW,
    }
    return Trial(**values | changes)


def arms_of(spec: JobSpec, best: dict[str, int | None]) -> list[Arm]:
    job = Job(
        id=1,
        name="photos",
        state=JobState.EVALUATING,
        spec=spec.model_dump(mode="json"),
        report=None,
        error=None,
        waits_for=None,
        lease_owner=None,
        lease_fence=0,
        lease_until=None,
        created_at=NOW,
        started_at=NOW,
        finished_at=None,
    )
    found = []
    for place, (name, best_id) in enumerate(best.items()):
        role = "search" if name == "random" else "control"
        study = Study(
            id=place + 1,
            job_id=1,
            place=place,
            name=name,
            role=role,
            sampler="random" if role == "search" else "fixed",
            n_trials=1,
            seed=0,
            is_finished=True,
            best_trial_id=best_id,
            best_value=1.0,
        )
        found.append(open_arm(job, study))
    return found


def row_of(report: dict[str, Any], name: str) -> dict[str, Any]:
    return next(row for row in report["arms"] if row["name"] == name)


def test_a_metric_that_one_seed_lacks_is_the_mean_of_the_others() -> None:
    # A PSNR of a perfect image is infinite: JSON has no word for it, and it is left out.
    arms = arms_of(SPEC, {"random": 1, "uniform": 2})
    trials = [
        trial(1, 1, Phase.SEARCH, 0),
        trial(2, 2, Phase.SEARCH, 0),
        trial(3, 1, Phase.EVALUATION, 0, metrics={"loss": 0.0}, value=0.0),
        trial(4, 1, Phase.EVALUATION, 1, metrics={"loss": 1.0, "psnr_db": 30.0}),
        trial(5, 2, Phase.EVALUATION, 0),
        trial(6, 2, Phase.EVALUATION, 1),
    ]
    test = row_of(build_report(SPEC, arms, trials), "random")["test"]
    assert test["metrics"] == {"loss": pytest.approx(0.5), "psnr_db": pytest.approx(30.0)}


def test_an_arm_whose_evaluations_all_diverged_is_not_compared() -> None:
    arms = arms_of(SPEC, {"random": 1, "uniform": 2})
    diverged: dict[str, Any] = {"is_diverged": True, "value": 1000.0, "metrics": {}}
    trials = [
        trial(1, 1, Phase.SEARCH, 0),
        trial(2, 2, Phase.SEARCH, 0),
        trial(3, 1, Phase.EVALUATION, 0, **diverged),
        trial(4, 1, Phase.EVALUATION, 1, **diverged),
        trial(5, 2, Phase.EVALUATION, 0),
        trial(6, 2, Phase.EVALUATION, 1),
    ]
    report = build_report(SPEC, arms, trials)
    row = row_of(report, "random")
    assert (row["test"]["n"], row["test"]["n_diverged"], row["vs_uniform"]) == (0, 2, None)
    assert "on no seed" in report["verdict"]


def test_the_verdict_says_what_it_leaves_out() -> None:
    arms = arms_of(SPEC, {"random": 1, "uniform": 2})
    trials = [
        trial(1, 1, Phase.SEARCH, 0),
        trial(2, 2, Phase.SEARCH, 0),
        trial(3, 1, Phase.EVALUATION, 0, value=0.5),
        trial(4, 1, Phase.EVALUATION, 1, is_diverged=True, value=1000.0, metrics={}),
        trial(5, 2, Phase.EVALUATION, 0),
        trial(6, 2, Phase.EVALUATION, 1),
    ]
    verdict = build_report(SPEC, arms, trials)["verdict"]
    assert verdict.endswith("Left out: 1 of their final trainings, which diverged or failed.")
    whole = build_report(SPEC, arms, [t for t in trials if t.number == 0])["verdict"]
    assert "Left out" not in whole


def test_an_arm_without_a_value_has_no_row_and_no_other_is_blamed() -> None:
    arms = arms_of(SPEC, {"random": None, "uniform": 2})
    report = build_report(
        SPEC,
        arms,
        [
            trial(1, 1, Phase.SEARCH, 0, state=TrialState.FAILED, value=None, metrics=None),
            trial(2, 2, Phase.SEARCH, 0),
            trial(5, 2, Phase.EVALUATION, 0),
        ],
    )
    assert [row["name"] for row in report["arms"]] == ["uniform"]
    assert report["best_arm"] is None
    assert report["verdict"] == "No search found a density that could be trained."
    assert report["cost"]["failed"] == 1
