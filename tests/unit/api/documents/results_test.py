"""The sections on a finished job's result, made from reports by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from api.documents.blocks import ListBlock, TableBlock
from api.documents.results import result_sections
from api.documents.source import DocumentSource
from service import clock
from service.jobs.progress import Progress
from service.records import Job
from service.states import JobState

COUNTS = Progress(
    n_trials=4, n_finished=4, n_evaluated=4, n_running=0, n_waiting=0, n_failed=0, n_pruned=0,
    n_cached=0, n_promotions=0, n_promotions_finished=0, n_evaluations=0,
    n_evaluations_finished=0, fraction=1.0, eta_s=None,
)  # fmt: skip
TEST = {"n": 2, "n_diverged": 1, "n_collapsed": 0, "n_failed": 2, "losses": [1.0, 2.0]}
TEST |= {
    "loss_mean": 1.5,
    "loss_sd": None,
    "metrics": {"accuracy": 0.5, "loss": 1.5, "other": 3.0},
    "metric_intervals": {"accuracy": [0.4, 0.6]},
}
ARM = {"name": "uniform", "role": "control", "params": {"lr": 0.1}, "validation_loss": 1.25}
ARM |= {"training_s": 3.0, "test": TEST, "vs_uniform": None}


def source(report: dict[str, Any] | None, decision: dict[str, Any] | None) -> DocumentSource:
    now = clock.now()
    spec = {"task": {"kind": "denoising"}}
    job = Job(
        1, "a", JobState.SUCCEEDED, spec, report, None, None, None, 0, None, now, now, now
    )  # fmt: skip
    return DocumentSource(
        waits_for=None,
        job=job, as_of=now, progress=COUNTS, studies=[], decision=decision, earlier_looks=3,
        cards=[], results=[], dataset=None, vector=None, campaign=None, failed=[],
        best_digests={}, submitted=spec, is_repeatable=True,
    )  # fmt: skip


def tables(found: DocumentSource) -> list[TableBlock]:
    blocks = [block for section in result_sections(found) for block in section.blocks]
    return [block for block in blocks if isinstance(block, TableBlock)]


def test_without_a_report_there_is_no_section() -> None:
    assert list(result_sections(source(None, None))) == []


def test_an_arm_says_how_many_seeds_gave_nothing_and_its_metrics_in_people_s_units() -> None:
    chosen, tested = tables(
        source({"verdict": "V.", "best_arm": None, "arms": [ARM], "n_seeds": 5}, None)
    )
    assert chosen.rows == [["uniform", "control", "lr 0.1", "1.25", "3.0 s"]]
    assert [column.title for column in tested.columns][2:5] == ["accuracy", "other", "Test loss"]
    assert list(tested.rows[0])[:2] == ["uniform", "2, 1 diverged, 2 failed"]
    assert list(tested.rows[0])[2] == "50.00\u202f% (40.00 to 60.00)"
    assert "5 fresh seeds" in tested.caption


def test_an_arm_without_a_test_has_no_second_table() -> None:
    arm = {**ARM, "test": None}
    assert len(tables(source({"verdict": "V.", "best_arm": None, "arms": [arm]}, None))) == 1


@pytest.mark.parametrize("n_trainings", [0, 8])
def test_what_a_decision_says_apart_from_its_cost_is_evidence(n_trainings: int) -> None:
    cost = ["The search took 8 trainings."] if n_trainings else []
    decision: dict[str, Any] = {
        "light": "adopt",
        "words": ["Adopt.", *cost, "By this job alone 80 %."],
    }
    decision |= {"search": {"n_trainings": n_trainings}, "earlier": []}
    found = source({"verdict": "V.", "best_arm": None, "arms": [], "evidence": ["E."]}, decision)
    assert found.cost_words == cost
    (section, _) = result_sections(found)
    (evidence,) = [block.items for block in section.blocks if isinstance(block, ListBlock)]
    looks = "This test split has been looked at by 3 jobs before this one."
    assert list(evidence) == ["E.", looks, "By this job alone 80 %."]


def test_earlier_jobs_are_a_table() -> None:
    earlier = [{"name": "<b>", "job_id": 7, "change": -0.05, "n": 4}]
    decision: dict[str, Any] = {"light": "adopt", "words": ["Adopt."], "earlier": earlier}
    found = replace(
        source({"verdict": "V.", "best_arm": None, "arms": []}, None), decision=decision
    )
    table = tables(found)[0]
    assert [cell.replace("\u202f", " ") for cell in table.rows[0]] == [
        "<b>",
        "7",
        "\u22125.0 %",
        "4",
    ]
