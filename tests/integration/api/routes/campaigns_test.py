"""Campaigns over REST."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from service.storage.database import Database
from tests.support.campaigns import SPHERES, TWO_PHOTOS
from tests.support.pages import all_items, items
from tests.support.simulation import finish


def submit(client: TestClient, body: dict[str, Any] = SPHERES) -> dict[str, Any]:
    answer = client.post("/v1/campaigns", json=body)
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_new_campaign_shows_its_cells(both: TestClient) -> None:
    answer = both.post("/v1/campaigns", json=SPHERES)
    made = answer.json()
    assert answer.headers["location"] == f"/v1/campaigns/{made['id']}"
    assert both.get(answer.headers["location"]).json() == made
    assert made["base"] == {"method": 2, **SPHERES["base"]}
    assert made["matrix"] == SPHERES["matrix"]
    assert (made["n_cells"], made["n_open"], made["fraction"]) == (4, 4, 0.0)
    assert made["counts"] == {"QUEUED": 4}
    first, *_, last = made["cells"]
    assert first["settings"] == {"task.dimension": 2, "seed": 0}
    assert (last["index"], last["state"], last["error"]) == (3, "QUEUED", None)
    assert both.get(f"/v1/jobs/{last['job_id']}").json()["spec"]["task"]["dimension"] == 3
    assert len(items(both, "/v1/jobs")) == 4


def test_its_jobs_run_as_others_do(client: TestClient, sqlite_database: Database) -> None:
    made = submit(client, TWO_PHOTOS)
    finish(sqlite_database, 1)
    found = client.get(f"/v1/campaigns/{made['id']}").json()
    assert found["counts"] == {"QUEUED": 1, "SUCCEEDED": 1}
    assert found["fraction"] == 0.5
    assert [cell["state"] for cell in found["cells"]] == ["SUCCEEDED", "QUEUED"]


def test_the_list_comes_in_pages(both: TestClient) -> None:
    ids = [submit(both)["id"] for _ in range(3)]
    listed = all_items(both, "/v1/campaigns?limit=2")
    assert [item["id"] for item in listed] == ids[::-1]
    assert listed[0]["n_cells"] == 4
    assert "cells" not in listed[0]


def test_a_request_that_is_sent_again_makes_no_second_campaign(both: TestClient) -> None:
    key = {"Idempotency-Key": "k"}
    first, second = (both.post("/v1/campaigns", json=SPHERES, headers=key) for _ in range(2))
    assert first.json() == second.json()
    other = both.post("/v1/campaigns", json={**SPHERES, "name": "other"}, headers=key)
    assert other.status_code == 409


def test_a_campaign_is_cancelled_and_extended(both: TestClient) -> None:
    at = f"/v1/campaigns/{submit(both)['id']}"
    cancelled = both.post(f"{at}/cancel")
    assert (cancelled.status_code, cancelled.json()["counts"]) == (200, {"CANCELLED": 4})
    extended = both.post(f"{at}/extend", json={"path": "seed", "values": [1, 2]})
    assert extended.status_code == 202
    assert extended.json()["counts"] == {"QUEUED": 2, "CANCELLED": 4}
    assert extended.json()["matrix"]["seed"] == [0, 1, 2]


@pytest.mark.parametrize(
    ("change", "pointer", "reason"),
    [
        ({"matrix": {}}, "/matrix", ""),
        ({"matrix": {"seed": []}}, "/matrix/seed", ""),
        ({"matrix": {"seed": 1}}, "/matrix/seed", ""),
        ({"matrix": {"task.sise": [1]}}, "/matrix/task.sise/0", "no such field"),
        ({"matrix": {"sead": [1]}}, "/matrix/sead", "no such field"),
        ({"matrix": {"seed": [1, 1]}}, "/matrix/seed/1", "already"),
        ({"matrix": {"seed": [*range(1001)]}}, "/matrix", "at most 1,000"),
        ({"matrix": {f"a{n}": [1] for n in range(17)}}, "/matrix", ""),
        ({"base": []}, "/base", "dictionary"),
        ({"base": {}}, "/matrix/task.dimension/0", "task.kind is required"),
        ({"base": {}, "matrix": {"seed": [1]}}, "/base/task", "is required"),
        ({"name": "a\u202eb"}, "/name", "U+202E"),
        ({"more": 1}, "/more", "no such field"),
    ],
)
def test_a_refusal_names_the_place(
    client: TestClient, change: dict[str, Any], pointer: str, reason: str
) -> None:
    answer = client.post("/v1/campaigns", json=SPHERES | change)
    assert answer.status_code == 422
    found = [(fault["pointer"], fault["detail"]) for fault in answer.json()["errors"]]
    assert any(at == pointer and reason in detail for at, detail in found), found
    assert items(client, "/v1/jobs") == items(client, "/v1/campaigns") == []


@pytest.mark.parametrize(
    "body", [{}, {"path": "x", "values": [1]}, {"path": "seed", "values": []}]
)
def test_an_extension_is_refused_with_the_place(client: TestClient, body: dict[str, Any]) -> None:
    made = submit(client)
    answer = client.post(f"/v1/campaigns/{made['id']}/extend", json=body)
    assert answer.status_code == 422
    assert client.get(f"/v1/campaigns/{made['id']}").json() == made


@pytest.mark.parametrize("way", ["", "/cancel", "/extend"])
def test_there_is_no_other_campaign(client: TestClient, way: str) -> None:
    at = f"/v1/campaigns/7{way}"
    body = {"path": "seed", "values": [1]}
    answer = client.get(at) if not way else client.post(at, json=body)
    assert answer.status_code == 404


def test_the_report_grows_with_the_jobs(client: TestClient, sqlite_database: Database) -> None:
    made = submit(client, TWO_PHOTOS)
    at = f"/v1/campaigns/{made['id']}/report"
    before = client.get(at).json()
    assert before["findings"] == ["2 jobs have not ended yet: the answers are without them."]
    finish(sqlite_database, 1)
    after = client.get(at).json()
    first, second = after["cells"]
    assert (first["state"], second["state"]) == ("SUCCEEDED", "QUEUED")
    assert first["outcome"] == "not judged"  # its jobs have no tuned control
    assert first["split"] == "photos"
    assert second["outcome"] is second["change"] is None
    assert client.get("/v1/campaigns/9/report").status_code == 404


def test_a_search_over_widths_answers_the_radius_question(
    client: TestClient, sqlite_database: Database
) -> None:
    grid = {"family": "gaussian", "bounds": [[0.5, 4.0]], "normalised": True}
    changes = {"density": grid, "samplers": ["grid"], "controls": ["uniform"]}
    base = TWO_PHOTOS["base"] | changes | {"budget": {"n_trials": 9}}
    made = submit(client, {"name": "r", "base": base, "matrix": {"seed": [0, 1]}})
    finish(sqlite_database, 2)
    radius = client.get(f"/v1/campaigns/{made['id']}/report").json()["radius"]
    (cell,) = radius["cells"]
    assert (cell["label"], cell["cells"], cell["n_jobs"]) == ("the base", [0, 1], 2)
    assert cell["standing"] in ("fitted", "flat", "outside")
    assert radius["slopes"] == []


def test_a_campaign_is_deleted_with_its_jobs_or_without(client: TestClient) -> None:
    first, second = submit(client), submit(client)
    at = f"/v1/campaigns/{first['id']}"
    refused = client.delete(at, params={"jobs": True})
    assert refused.status_code == 409
    assert "cancel it first" in refused.json()["detail"]
    assert client.delete(at).status_code == 204
    assert client.get(at).status_code == client.delete(at).status_code == 404
    assert len(items(client, "/v1/jobs")) == 8
    other = f"/v1/campaigns/{second['id']}"
    client.post(f"{other}/cancel")
    assert client.delete(f"{other}?jobs=true").status_code == 204
    assert len(items(client, "/v1/jobs")) == 4
    assert client.delete("/v1/campaigns/1?jobs=maybe").status_code == 422
