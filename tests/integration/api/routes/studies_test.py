"""The studies of a job, in the order of its spec, with what has become of their trials."""

from __future__ import annotations

from starlette.testclient import TestClient

from service.storage.database import Database
from tests.support import seeding
from tests.support.pages import items
from tests.support.specs import PHOTOS, submit


def test_searches_come_first_then_controls_and_none_has_begun(client: TestClient) -> None:
    found = items(client, f"/v1/jobs/{submit(client, PHOTOS)}/studies")
    assert [(study["name"], study["role"]) for study in found] == [
        ("direct_l", "search"), ("random", "search"),
        ("uniform", "control"), ("gaussian", "control"),
    ]  # fmt: skip
    assert [study["n_trials"] for study in found] == [5, 5, 1, 1]
    assert all(study["n_evaluated"] == study["n_running"] == 0 for study in found)
    assert [study["hit_rate"] for study in found] == [None] * 4
    assert not any(study["is_finished"] for study in found)


def test_the_counts_of_a_study_are_those_of_its_trials(
    client: TestClient, sqlite_database: Database
) -> None:
    job_id = seeding.running(sqlite_database).id
    found = {study["name"]: study for study in items(client, f"/v1/jobs/{job_id}/studies")}
    for name, study in found.items():
        trials = items(client, f"/v1/jobs/{job_id}/trials?limit=1000&study={name}")
        states = [trial["state"] for trial in trials]
        assert study["n_running"] == states.count("RUNNING")
        assert study["n_waiting"] == states.count("WAITING")
        assert study["n_failed"] == states.count("FAILED")
        assert study["n_cached"] == sum(trial["cached"] for trial in trials)
    assert found["direct_l"]["n_failed"] == found["random"]["n_cached"] == 1
    # One point was run ahead, and the sequence has not asked for it.
    assert found["direct_l"]["n_speculative"] == 1
    assert found["direct_l"]["n_hits"] == 0


def test_the_studies_of_no_job_are_not_found(client: TestClient) -> None:
    assert client.get("/v1/jobs/9/studies").status_code == 404
