"""A campaign's report as a whole: JSON, and complete whatever its jobs came to."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from api.schemas.reports import CampaignReportOut
from service.campaigns.report.build import build_report
from service.states import JobState
from service.storage.campaigns import CampaignCell
from tests.support.campaign_cells import cell, effect


def report_of(*cells: CampaignCell) -> dict[str, Any]:
    report = build_report(cells)
    found: dict[str, Any] = json.loads(json.dumps(report, allow_nan=False))
    assert found == report
    assert CampaignReportOut.model_validate(found).model_dump(exclude_unset=True) == found
    return found


def test_a_campaign_without_results_lists_its_cells() -> None:
    states = (JobState.QUEUED, JobState.RUNNING, JobState.FAILED, JobState.CANCELLED)
    waiting = [
        cell(n, report=None, state=state, error={"detail": "no"} if n == 2 else None)
        for n, state in enumerate(states)
    ]
    gone = cell(4, report=None, spec=None, state=None, job_id=None)
    report = report_of(*waiting, gone)
    assert [row["state"] for row in report["cells"]] == [*states, None]
    assert report["pooled"] is report["radius"] is None
    assert report["replication"] == {"n_splits": 0, "n_shown": 0, "level": 0.025}
    missing, reason, remedy = report["findings"]
    assert missing == (
        "2 of 5 jobs have not ended yet, 1 of 5 jobs has failed, 1 of 5 jobs has been cancelled "
        "and 1 of 5 jobs has been deleted: the answers are without them."
    )
    assert reason == "Why jobs failed: no (1 job)."
    assert remedy.startswith("To have the cancelled jobs, submit the campaign again: ")


def test_the_most_frequent_reasons_of_failed_jobs_are_said() -> None:
    reasons = ["b.", "a", "c", "b", "d", "e"]
    cells = [
        cell(n, report=None, state=JobState.FAILED, error={"title": "t", "detail": reason})
        for n, reason in enumerate(reasons)
    ]
    titled = cell(6, report=None, state=JobState.FAILED, error={"title": "a"})
    for order in ([*cells, titled], [titled, *reversed(cells)]):
        assert report_of(*order)["findings"][-1] == (
            "Why jobs failed: a (2 jobs); b (2 jobs); c (1 job); 2 other reasons."
        )


def test_an_error_of_a_job_that_goes_on_is_no_reason() -> None:
    again = cell(0, report=None, state=JobState.QUEUED, error={"detail": "no"})
    assert len(report_of(again)["findings"]) == 1


def test_half_of_a_campaign_is_reported() -> None:
    done = [cell(n, name, effect(-0.05, 0.01)) for n, name in enumerate(("digits", "faces"))]
    report = report_of(*done, cell(2, report=None, state=JobState.FAILED))
    whole, *others = report_of(*done)["findings"]
    assert report == report_of(*done) | {
        "cells": report["cells"],
        "findings": [
            whole.replace("(2 cells)", "(2 of 3 cells)"),
            *others,
            "1 of 3 jobs has failed: the answers are without them.",
            "Why jobs failed: the reason is not known (1 job).",
        ],
    }
    assert report["pooled"]["change"] == pytest.approx(math.expm1(-0.05))


def test_the_sentences_of_several_splits() -> None:
    names = ("digits", "faces", "textures", "shapes")
    report = report_of(*(cell(n, name, effect(-0.05, 0.01)) for n, name in enumerate(names)))
    first, second, third = report["findings"]
    assert first.startswith(
        "Over 4 test splits (4 cells) the loss with a density is 4.9 % lower than that of the "
        "best network without [-6.4 %, "
    )
    assert second.startswith("On a task that is not among these it is expected to change by [-")
    assert third == "A gain is shown on at least 4 of 4 test splits."


def test_a_mean_that_is_not_shown_to_differ_says_so() -> None:
    cells = [cell(0, "digits", effect(-0.2, 0.01)), cell(1, "faces", effect(0.2, 0.01))]
    first, *_ = report_of(*cells)["findings"]
    assert first.endswith(", which is not shown to differ from 0.")


def test_one_split_says_nothing_of_other_tasks() -> None:
    cells = [cell(n, "digits", effect(-0.05, 0.01)) for n in range(3)]
    (sentence,) = report_of(*cells)["findings"]
    assert sentence == (
        "Over 3 cells, all judged on one test split, the loss with a density is 4.9 % lower in "
        "the mean than that of the best network without. What another task would show cannot be "
        "said."
    )
    lost = [cell(n, report=None, state=JobState.CANCELLED) for n in (3, 4)]
    first, *_ = report_of(*cells[:1], *lost)["findings"]
    assert first.startswith("Over 1 of 3 cells, judged on one test split, the loss ")


def test_trainings_that_fail_are_counted_and_not_averaged() -> None:
    report = report_of(cell(0, "digits", effect(-0.3, 0.01), "less reliable"))
    assert report["splits"] == []
    assert "failed more often" in report["findings"][0]
    assert report["outcomes"] == {"less reliable": 1}


def test_cells_without_a_tuned_learning_rate_are_counted_and_not_averaged() -> None:
    untuned = cell(0, "digits", effect(-0.3, 0.01))
    assert untuned.report is not None
    untuned.report["answer"]["question"]["is_rate_tuned"] = False
    report = report_of(untuned)
    assert report["splits"] == []
    (sentence,) = report["findings"]
    assert sentence == (
        "In 1 cell no network without a density had its learning rate tuned: their losses are not "
        "averaged. Add the control uniform_tuned."
    )
    assert report["outcomes"] == {"not judged": 1}


def test_cells_that_found_no_density_are_said() -> None:
    same = effect(0.0, 0.0)
    cells = [cell(n, found=same if n else None, outcome="none found") for n in range(3)]
    (sentence,) = report_of(*cells)["findings"]
    assert sentence.startswith("In 3 cells of 3 no density was found")


def test_jobs_that_answer_nothing_are_said() -> None:
    (sentence,) = report_of(cell(0, report={}), cell(1, report={}))["findings"]
    assert sentence.startswith("2 jobs of 2 compared no density")
