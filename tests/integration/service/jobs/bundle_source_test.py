"""What a bundle is made of: which arm, and what it lacks."""

from __future__ import annotations

import pytest

from service.errors import NotFoundError
from service.jobs.bundle_source import NothingToBundleError, question_of
from service.states import Role
from service.storage import jobs, studies
from service.storage.database import Database
from tests.support import seeding


def test_the_recommended_arm_is_bundled_unless_one_is_named(sqlite_database: Database) -> None:
    job = seeding.succeeded(sqlite_database)
    with sqlite_database.read() as session:
        asked = question_of(session, job.id, None, "kept")
        named = question_of(session, job.id, "tpe", "kept")
        assert question_of(session, job.id, None, "kept") == asked
        with pytest.raises(NotFoundError, match="nobody"):
            question_of(session, job.id, "nobody", "kept")
    assert asked["arm"] in {study["name"] for study in (asked["report"] or {})["arms"]}
    assert (named["arm"], named["weights"]) == ("tpe", None)
    assert named["no_weights"].startswith("no trained network of this arm")
    assert named["densities"][0]["layer"] == ""


def test_a_search_without_a_value_is_not_the_best(sqlite_database: Database) -> None:
    """An extended job keeps the densities of its studies until they have a best again."""
    job = seeding.succeeded(sqlite_database)
    with sqlite_database.write() as session:
        searches = [s for s in studies.of_job(session, job.id) if s.role is Role.SEARCH]
        jobs.reopen(session, job.id)
        for place, study in enumerate(searches):
            studies.change(session, study.id, best_value=place * 0.5 or None)
    with sqlite_database.read() as session:
        found = question_of(session, job.id, None, "kept")
    assert found["arm"] == searches[1].name


def test_a_running_job_has_what_there_is_so_far(sqlite_database: Database) -> None:
    job = seeding.running(sqlite_database)
    with sqlite_database.read() as session:
        asked = question_of(session, job.id, None, "folded")
    assert (asked["job"]["is_final"], asked["report"], asked["trial"]) == (False, None, None)
    assert "has not ended" in asked["no_weights"]


def test_a_job_that_failed_early_has_nothing(sqlite_database: Database) -> None:
    job = seeding.failed(sqlite_database)
    with (
        sqlite_database.read() as session,
        pytest.raises(NothingToBundleError, match=r"ended \(FAILED\) without a completed"),
    ):
        question_of(session, job.id, None, "kept")
