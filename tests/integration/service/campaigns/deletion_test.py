"""Deleting a campaign: with its jobs or without, and what stands in the way."""

from __future__ import annotations

import pytest

from service.campaigns import commands, deletion
from service.errors import IllegalTransitionError, NotFoundError
from service.storage import campaigns, job_pages, jobs
from service.storage.campaigns import Campaign
from service.storage.database import Database
from tests.support.campaigns import SPHERES, wanted


def job_ids(database: Database, campaign: Campaign) -> list[int]:
    with database.read() as session:
        return campaigns.job_ids(session, campaign.id)


def left(database: Database) -> tuple[list[int], list[int]]:
    """The ids of the campaigns and of the jobs that there are."""
    with database.read() as session:
        found = campaigns.page(session, limit=10)
        return [one.id for one in found], sorted(
            job.id for job in job_pages.page(session, limit=100)
        )


def test_its_jobs_stay_and_go_on(database: Database) -> None:
    made, _ = commands.submit(database, wanted(), key="k")
    other, _ = commands.submit(database, wanted())
    own = job_ids(database, made)
    deletion.delete(database, made.id)
    assert left(database) == ([other.id], sorted([*own, *job_ids(database, other)]))
    with database.read() as session:
        assert campaigns.of_jobs(session, own) == {}
        assert {jobs.get(session, job_id).state for job_id in own} == {"QUEUED"}
    again, is_new = commands.submit(database, wanted(), key="k")
    assert is_new
    assert again.id > other.id
    with pytest.raises(NotFoundError):
        deletion.delete(database, made.id)


def test_with_its_jobs_it_is_deleted_once_all_have_ended(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletion, "TOGETHER", 3)
    made, _ = commands.submit(database, wanted())
    other, _ = commands.submit(database, wanted(SPHERES))
    with pytest.raises(IllegalTransitionError, match=r"open jobs: 4.*cancel it first"):
        deletion.delete(database, made.id, has_jobs=True)
    assert len(left(database)[1]) == 8
    commands.cancel(database, made.id)
    deletion.delete(database, made.id, has_jobs=True)
    assert left(database) == ([other.id], job_ids(database, other))
