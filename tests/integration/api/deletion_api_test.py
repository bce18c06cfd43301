"""DELETE /v1/jobs/{id}: refusals, and 404 at all addresses of a deleted job."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from service.jobs import commands, deletion
from service.settings import Settings
from service.storage import densities, events, trials
from service.storage.chunks import Chunks
from service.storage.database import Database
from tests.support.simulation import Simulation
from tests.support.specs import JSON, PHOTOS, SPHERE, submit
from tests.support.stored_jobs import run_storing

SMALL = {**PHOTOS, "samplers": ["random"], "controls": ["uniform"], "budget": {"n_trials": 2}}


def _ended(client: TestClient, body: object = SPHERE) -> int:
    job_id = submit(client, body)
    assert client.post(f"/v1/jobs/{job_id}/cancel").status_code == 200
    return job_id


def _problem(answer: Any) -> tuple[int, str]:  # noqa: ANN401 - httpx2's
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["type"]


def test_an_ended_job_is_deleted_once(both: TestClient) -> None:
    job_id = _ended(both)
    answer = both.delete(f"/v1/jobs/{job_id}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert _problem(both.delete(f"/v1/jobs/{job_id}")) == (404, "/problems/not-found")
    assert both.get("/v1/jobs").json() == {"items": []}


def test_one_that_has_not_ended_is_refused_with_the_remedy(both: TestClient) -> None:
    job_id = submit(both, SPHERE)
    answer = both.delete(f"/v1/jobs/{job_id}")
    assert _problem(answer) == (409, "/problems/illegal-transition")
    assert "cancel it first" in answer.json()["detail"]
    assert both.get(f"/v1/jobs/{job_id}").json()["state"] == "QUEUED"


def test_nothing_of_a_deleted_job_answers(
    client: TestClient, sqlite_database: Database, tmp_path: Path, settings: Settings
) -> None:
    job_id = run_storing(sqlite_database, settings.data_dir, SMALL)
    with sqlite_database.read() as session:
        trial = trials.of_job(session, job_id)[0].id
        density = densities.of_job(session, job_id)[0].id
        artifact = densities.artifacts(session, job_id)[0].id
    own = f"/v1/jobs/{job_id}"
    addresses = [
        *(own, f"{own}/studies", f"{own}/trials", f"{own}/events", f"{own}/densities"),
        *(f"{own}/artifacts", f"{own}/report", f"/v1/trials/{trial}"),
        *(f"/v1/trials/{trial}/measurements", f"/v1/densities/{density}"),
        *(f"/v1/artifacts/{artifact}", f"/jobs/{job_id}", f"/jobs/{job_id}/trials"),
    ]
    assert [client.get(address).status_code for address in addresses] == [200] * len(addresses)
    client.delete(own)
    for is_swept in (False, True):  # at once, and when its rows are being removed
        assert [client.get(a).status_code for a in addresses] == [404] * len(addresses)
        for order in ("pause", "resume", "cancel", "retry-failed"):
            assert client.post(f"{own}/{order}").status_code == 404
        assert client.post(f"{own}/extend", json={"n_trials": 9}).status_code == 404
        assert client.post(f"{own}/clone", json={}).status_code == 404
        assert client.get(f"{own}/figures/trials").status_code == 404
        metrics = client.get("/metrics").text
        assert 'densearch_jobs{state="SUCCEEDED"} 0.0' in metrics
        assert 'densearch_trials{state="COMPLETED"} 0.0' in metrics
        warm = {**SMALL, "samplers": ["tpe"], "warm_start": {"densities": [density]}}
        refused = client.post("/v1/jobs", content=json.dumps(warm), headers=JSON)
        assert refused.json()["pointer"] == "/warm_start/densities/0"
        if not is_swept:
            deletion.sweep(Chunks(sqlite_database), tmp_path)


def test_an_open_stream_ends_when_its_job_is_deleted(
    client: TestClient, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two polls of the queued job it is cancelled and deleted."""
    job_id = submit(client)
    look, n_looks = events.standings, 0

    def delete_meanwhile(session: Session, job_ids: set[int]) -> Any:  # noqa: ANN401 - as `look`
        nonlocal n_looks
        n_looks += 1
        if n_looks == 2:
            commands.cancel(sqlite_database, job_id)
            deletion.delete(sqlite_database, job_id)
        return look(session, job_ids)

    monkeypatch.setattr(events, "standings", delete_meanwhile)
    with client.stream("GET", f"/v1/jobs/{job_id}/events") as answer:
        kinds = [line for line in answer.iter_lines() if line.startswith("event:")]
    assert kinds == ["event: job"]


def test_a_trial_says_that_its_source_was_deleted(
    client: TestClient, sqlite_database: Database, settings: Settings
) -> None:
    first = run_storing(sqlite_database, settings.data_dir, SMALL)
    second = run_storing(sqlite_database, settings.data_dir, SMALL)
    page = client.get(f"/jobs/{second}/trials").text
    assert "Took the result of the trial with the id" in page
    assert "of a job that was deleted since" not in page
    client.delete(f"/v1/jobs/{first}")
    assert "of a job that was deleted since" in client.get(f"/jobs/{second}/trials").text
    items = client.get(f"/v1/jobs/{second}/trials").json()["items"]
    assert all(item["cached"] and item["cached_from"] for item in items)


def test_the_page_offers_deletion_of_ended_jobs_alone(client: TestClient) -> None:
    job_id = submit(client, SPHERE)
    button = 'data-action="delete"'
    assert f"{button} disabled" in client.get(f"/jobs/{job_id}").text
    client.post(f"/v1/jobs/{job_id}/cancel")
    page = client.get(f"/jobs/{job_id}").text
    assert button in page
    assert f"{button} disabled" not in page


def test_results_come_while_another_job_is_deleted(
    client: TestClient, sqlite_database: Database
) -> None:
    """A job that reuses results continues when their source is deleted between two steps."""
    first = submit(client, SPHERE)
    simulation = Simulation(sqlite_database)
    (run,) = simulation.take()
    simulation.run(run)
    second = submit(client, SPHERE)
    (run,) = simulation.take()
    client.delete(f"/v1/jobs/{first}")
    assert simulation.run(run).state == "SUCCEEDED"
    assert client.get(f"/v1/jobs/{second}").json()["progress"]["n_finished"] == 6
