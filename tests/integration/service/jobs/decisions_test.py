"""Decisions with earlier jobs: which of a database count, and which never do."""

from __future__ import annotations

from typing import Any

import pytest

from service.errors import NotFoundError
from service.jobs import decisions, deletion
from service.jobs.decisions import JobDecision
from service.report.decision import Basis, decide
from service.report.earlier import EarlierJob, combined
from service.report.posterior import Belief
from service.states import JobState
from service.storage import jobs
from service.storage.database import Database
from tests.support.decided_jobs import COMMON, finished


def decided(database: Database, job_id: int, margin: float | None = None) -> JobDecision:
    with database.read() as session:
        return decisions.decision_on(session, job_id, margin)


def test_without_earlier_jobs_it_is_that_of_the_report(database: Database) -> None:
    job_id = finished(database, 0)
    with database.read() as session:
        report = jobs.get(session, job_id).report
    found = decided(database, job_id)
    assert report is not None
    assert found.decision.to_dict() == {
        k: v for k, v in report["decision"].items() if k != "basis"
    }
    assert (found.earlier, found.pooled) == ([], None)
    assert found.chance_alone == found.decision.chance


def test_earlier_jobs_on_other_splits_shrink_it(database: Database) -> None:
    finished(database, 0, test_split="faces", mean=0.0)
    finished(database, 1, test_split="digits", mean=-0.005)
    job_id = finished(database, 2)
    found = decided(database, job_id)
    pooled = combined(
        [
            EarlierJob(1, "", "faces", 5, 0.0, 0.02**2 / 5),
            EarlierJob(2, "", "digits", 5, -0.005, 0.02**2 / 5),
        ]
    )
    assert pooled is not None
    oracle = decide(Basis(**COMMON), 0.01, None, Belief.before(pooled))
    assert found.decision.chance == pytest.approx(oracle.chance)
    assert found.decision.gain is not None
    assert 0.0 < found.decision.gain < 0.0488
    assert [one.name for one in found.earlier] == ["digits 1", "faces 0"]
    assert found.pooled is not None
    assert found.pooled.n_splits == 2
    assert "by this job and 2 earlier ones of its kind" in found.decision.words[0]
    assert found.chance_alone != found.decision.chance
    assert found.to_dict()["words"][-1].startswith("By this job alone the probability is ")


@pytest.mark.parametrize(
    "changes",
    [
        {"test_split": "photos"},
        {"task": "classification"},
        {"kernel_sizes": (5,)},
        {"is_rate_tuned": False},
        {"outcome": "less reliable"},
        {"unit": "share"},
    ],
)
def test_these_jobs_never_count(database: Database, changes: dict[str, Any]) -> None:
    finished(database, 0, test_split="faces", mean=0.0)
    finished(database, 1, test_split="digits", mean=-0.005)
    job_id = finished(database, 3)
    before = decided(database, job_id)
    finished(database, 2, **{"test_split": "moons", "mean": -0.4} | changes)
    assert decided(database, job_id) == before


def test_later_jobs_and_those_at_once_never_count(database: Database) -> None:
    job_id = finished(database, 2)
    before = decided(database, job_id)
    for hour, split in ((2, "faces"), (2, "digits"), (3, "moons"), (9, "spirals")):
        finished(database, hour, test_split=split)
    assert decided(database, job_id) == before
    assert before.earlier == []


def test_the_order_in_which_jobs_were_stored_changes_nothing(database: Database) -> None:
    splits = [("faces", 0.0), ("digits", -0.02), ("moons", 0.01)]
    for hour, (split, mean) in enumerate(splits):
        finished(database, hour, test_split=split, mean=mean)
    one = decided(database, finished(database, 50))
    for hour, (split, mean) in enumerate(reversed(splits)):
        finished(database, 100 + hour, test_split=f"{split}", mean=mean, task="classification")
    two = decided(database, finished(database, 200, task="classification"))
    assert (one.decision, one.pooled) == (two.decision, two.pooled)


def test_jobs_of_one_split_are_one(database: Database) -> None:
    for hour in range(5):
        finished(database, hour, test_split="faces", mean=-0.3)
    found = decided(database, finished(database, 9))
    assert (found.earlier, found.pooled) == ([], None)


def test_a_deleted_job_is_gone(database: Database) -> None:
    first = finished(database, 0, test_split="faces", mean=0.0)
    finished(database, 1, test_split="digits", mean=-0.005)
    job_id = finished(database, 2)
    assert len(decided(database, job_id).earlier) == 2
    deletion.delete(database, first)
    assert decided(database, job_id).earlier == []


def test_a_job_that_goes_on_again_does_not_count(database: Database) -> None:
    first = finished(database, 0, test_split="faces", mean=0.0)
    finished(database, 1, test_split="digits", mean=-0.005)
    job_id = finished(database, 2)
    with database.write() as session:
        jobs.reopen(session, first)
    assert decided(database, job_id).earlier == []


def test_another_margin_is_another_question(database: Database) -> None:
    job_id = finished(database, 0)
    chances = [decided(database, job_id, margin).decision.chance for margin in (0.1, 1.0, 5.0, 20)]
    assert chances == sorted(chances, key=lambda chance: -(chance or 0.0))
    assert decided(database, job_id, 20).decision.light == "leave out"
    assert decided(database, job_id).decision.margin_percent == 1.0


def test_a_job_without_a_decision(database: Database) -> None:
    job_id = finished(database, 0)
    with database.write() as session:
        job = jobs.reopen(session, job_id)
        assert decisions.decision_of(session, job) is None
    assert job.state is JobState.QUEUED
    with pytest.raises(NotFoundError, match="decision on job"):
        decided(database, job_id)
    with pytest.raises(NotFoundError, match="no job 77"):
        decided(database, 77)
