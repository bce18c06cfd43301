"""Extend, clone and retry over REST: what changes, what is trained again, what is refused."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

import pytest
from starlette.testclient import TestClient

from service.jobs import commands as use_cases
from service.records import Job
from service.storage import jobs
from service.storage.database import Database
from tests.support.simulation import Simulation, counted_trials, forget, report_of
from tests.support.specs import JSON, PHOTOS, SPHERE, submit


def _drive(database: Database, fails: Collection[int] = ()) -> tuple[Job, Simulation]:
    simulation = Simulation(database, fails=set(fails))
    (run,) = simulation.take()
    return simulation.run(run), simulation


def _finished(client: TestClient, database: Database, body: object = SPHERE) -> int:
    job_id = submit(client, body)
    _drive(database)
    return job_id


def _refused(answer: Any, status: int, slug: str) -> dict[str, Any]:  # noqa: ANN401 - httpx2's
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["type"] == f"/problems/{slug}"
    return body


class TestExtend:
    def test_seeds_beyond_the_plan_are_trained(
        self, client: TestClient, sqlite_database: Database
    ) -> None:
        body = {**PHOTOS, "evaluation": {"looks": [2, 3]}}
        job_id = _finished(client, sqlite_database, body)
        address = f"/v1/jobs/{job_id}/extend"
        for wrong in ({"n_trials": 9, "n_seeds": 5}, *({"n_seeds": n} for n in (2, 101, 2.5))):
            found = _refused(client.post(address, json=wrong), 422, "invalid-spec")
            assert found["errors"][0]["pointer"] == "/n_seeds"
        answer = client.post(address, json={"n_seeds": 5})
        assert answer.status_code == 202
        assert answer.json()["spec"]["evaluation"]["continued_to"] == 5
        _drive(sqlite_database)
        report = client.get(f"/v1/jobs/{job_id}").json()["report"]
        assert report["answer"]["continued"]["n_seeds"] == 5
        assert "Continued unplanned from" in client.get(f"/jobs/{job_id}").text

    def test_a_raised_budget_gives_what_the_larger_job_would_have_found(
        self, both: TestClient, database: Database
    ) -> None:
        whole = _finished(both, database, {**PHOTOS, "budget": {"n_trials": 9}})
        wanted = (counted_trials(database, whole), report_of(database, whole))
        forget(database, whole)
        job_id = _finished(both, database, PHOTOS)
        answer = both.post(f"/v1/jobs/{job_id}/extend", json={"n_trials": 9})
        assert answer.status_code == 202
        job = answer.json()
        assert (job["state"], job["report"], job["finished_at"]) == ("QUEUED", None, None)
        assert job["progress"]["n_trials"] == 2 * 9 + 2
        assert job["spec"]["budget"]["n_trials"] == PHOTOS["budget"]["n_trials"]
        ended, _ = _drive(database)
        assert ended.state == "SUCCEEDED"
        assert counted_trials(database, job_id) == wanted[0]
        report = report_of(database, job_id)
        assert report["verdict"] == wanted[1]["verdict"]

    def test_an_extended_job_keeps_what_it_superseded_out_of_sight(
        self, client: TestClient, sqlite_database: Database
    ) -> None:
        job_id = _finished(client, sqlite_database, PHOTOS)
        path = f"/v1/jobs/{job_id}/trials?limit=1000&phase="
        before = client.get(path + "evaluation").json()["items"]
        client.post(f"/v1/jobs/{job_id}/extend", json={"n_trials": 9})
        old = client.get(path + "superseded").json()["items"]
        assert {t["id"] for t in old} == {t["id"] for t in before}
        assert all(t["number"] is None and t["value"] is not None for t in old)
        assert not any(t["speculative"] for t in old)
        _drive(sqlite_database)
        every = client.get(path + "all").json()["items"]
        assert {t["phase"] for t in every} == {"search", "evaluation"}
        assert [t["id"] for t in every] == sorted(t["id"] for t in every)

    @pytest.mark.parametrize(
        ("body", "pointer", "hint"),
        [
            ({}, "/n_trials", "required"),
            ({"n_trials": 6}, "/n_trials", "above the present budget, 6"),
            ({"n_trials": 0}, "/n_trials", "greater than or equal to 1"),
            ({"n_trials": 100_001}, "/n_trials", "100000"),
            ({"n_trials": 12.0}, "/n_trials", "integer"),
            ({"n_trials": "12"}, "/n_trials", "integer"),
            ({"n_trials": True}, "/n_trials", "integer"),
            ({"n_trials": 12, "seed": 1}, "/seed", "no such field"),
            ([12], "", "object"),
        ],
    )
    def test_a_wrong_budget_is_pointed_to_and_changes_nothing(
        self,
        client: TestClient,
        sqlite_database: Database,
        body: object,
        pointer: str,
        hint: str,
    ) -> None:
        job_id = _finished(client, sqlite_database)
        before = client.get(f"/v1/jobs/{job_id}").json()
        answer = client.post(f"/v1/jobs/{job_id}/extend", json=body)
        found = _refused(answer, 422, "invalid-spec")
        assert found["pointer"] == pointer
        assert hint in found["errors"][0]["detail"]
        assert client.get(f"/v1/jobs/{job_id}").json() == before

    def test_only_a_job_that_succeeded_is_extended(self, both: TestClient) -> None:
        job_id = submit(both)
        for verb in ("", "cancel"):
            if verb:
                both.post(f"/v1/jobs/{job_id}/{verb}")
            answer = both.post(f"/v1/jobs/{job_id}/extend", json={"n_trials": 9})
            _refused(answer, 409, "illegal-transition")
        _refused(both.post("/v1/jobs/9/extend", json={"n_trials": 9}), 404, "not-found")


class TestClone:
    def test_an_unchanged_clone_trains_nothing(self, both: TestClient, database: Database) -> None:
        job_id = _finished(both, database, PHOTOS)
        answer = both.post(f"/v1/jobs/{job_id}/clone", json={})
        made = answer.json()
        assert answer.status_code == 202
        assert answer.headers["location"] == f"/v1/jobs/{made['id']}"
        assert made["id"] != job_id
        assert made["spec"] == both.get(f"/v1/jobs/{job_id}").json()["spec"]
        _, simulation = _drive(database)
        assert simulation.n_trained == 0
        assert report_of(database, made["id"])["verdict"] == report_of(database, job_id)["verdict"]

    def test_a_patch_changes_what_it_names_and_null_takes_away(self, client: TestClient) -> None:
        job_id = submit(client, PHOTOS)
        patch = {
            "name": "again",
            "network": {"kernel_size": 5},
            "density": {"bounds": None},
            "samplers": ["random"],
            "controls": None,
        }
        spec = client.post(f"/v1/jobs/{job_id}/clone", json=patch).json()["spec"]
        assert spec["name"] == "again"
        assert (spec["network"]["kernel_size"], spec["network"]["depth"]) == (5, 5)
        assert len(spec["density"]["bounds"]) == 2
        assert [s["name"] for s in spec["samplers"]] == ["random"]
        assert [c["name"] for c in spec["controls"]] == ["uniform", "uniform_tuned"]  # the default
        assert client.get(f"/v1/jobs/{job_id}").json()["state"] == "QUEUED"

    def test_a_key_makes_a_repeated_clone_harmless(self, both: TestClient) -> None:
        job_id, headers = submit(both), {"idempotency-key": "once"}
        path = f"/v1/jobs/{job_id}/clone"
        first = both.post(path, json={"seed": 1}, headers=headers)
        again = both.post(path, json={"seed": 1}, headers=headers)
        assert first.headers["location"] == again.headers["location"]
        other = both.post(path, json={"seed": 2}, headers=headers)
        _refused(other, 409, "idempotency-conflict")
        assert len(both.get("/v1/jobs").json()["items"]) == 2

    @pytest.mark.parametrize(
        ("patch", "pointer"),
        [
            ({"budget": {"n_trials": 0}}, "/budget/n_trials"),
            ({"colour": 1}, "/colour"),
            ({"task": None}, "/task"),
            ({"samplers": ["dirct"]}, "/samplers/0/name"),
            ([], ""),
            (None, ""),
        ],
    )
    def test_a_patch_that_spoils_the_spec_is_pointed_to(
        self, client: TestClient, patch: object, pointer: str
    ) -> None:
        job_id = submit(client)
        body = json.dumps(patch).encode()
        answer = client.post(f"/v1/jobs/{job_id}/clone", content=body, headers=JSON)
        assert _refused(answer, 422, "invalid-spec")["pointer"] == pointer
        assert len(client.get("/v1/jobs").json()["items"]) == 1

    def test_a_body_is_required_and_is_json(self, client: TestClient) -> None:
        job_id = submit(client)
        _refused(client.post(f"/v1/jobs/{job_id}/clone"), 415, "unsupported-media-type")
        answer = client.post(f"/v1/jobs/{job_id}/clone", content=b"{", headers=JSON)
        _refused(answer, 400, "malformed-body")
        _refused(client.post("/v1/jobs/9/clone", json={}), 404, "not-found")


class TestRetry:
    def test_a_failed_trial_runs_again_and_its_tries_go_on_counting(
        self, both: TestClient, database: Database
    ) -> None:
        body = {**SPHERE, "budget": {"n_trials": 1}}
        job_id = submit(both, body)
        # The only trial dies three times: the job has no result.
        job, _ = _drive(database, fails=(1, 2, 3))
        assert job.state == "FAILED"
        answer = both.post(f"/v1/jobs/{job_id}/retry-failed")
        assert answer.status_code == 202
        assert answer.json()["state"] == "QUEUED"
        assert answer.json()["error"] is None
        assert _drive(database)[0].state == "SUCCEEDED"
        (trial,) = both.get(f"/v1/jobs/{job_id}/trials").json()["items"]
        tries = both.get(f"/v1/trials/{trial['id']}").json()["attempt_log"]
        assert [(t["number"], t["state"]) for t in tries] == [
            (1, "FAILED"),
            (2, "FAILED"),
            (3, "FAILED"),
            (4, "COMPLETED"),
        ]

    def test_nothing_to_retry_is_a_problem_of_its_own(
        self, both: TestClient, database: Database
    ) -> None:
        job_id = _finished(both, database)
        answer = both.post(f"/v1/jobs/{job_id}/retry-failed")
        _refused(answer, 409, "nothing-to-retry")
        assert both.get(f"/v1/jobs/{job_id}").json()["state"] == "SUCCEEDED"

    def test_a_job_that_has_not_ended_or_was_cancelled_is_not_retried(
        self, client: TestClient, sqlite_database: Database
    ) -> None:
        job_id = submit(client)
        path = f"/v1/jobs/{job_id}/retry-failed"
        _refused(client.post(path), 409, "illegal-transition")
        use_cases.cancel(sqlite_database, job_id)
        _refused(client.post(path), 409, "illegal-transition")
        with sqlite_database.read() as session:
            assert jobs.get(session, job_id).state == "CANCELLED"
