"""The calls of trainers outside: a slice of a job, the wait for a trial, and bad bodies."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.testclient import TestClient

from service.jobs import asks, commands
from service.jobs.asks import AskedTrials
from service.settings import Settings
from service.states import AttemptState
from service.storage import trials
from service.storage.database import Database
from tests.support.external_jobs import SPEC, submit
from tests.support.pretended_cluster import PretendedCluster
from workers.dispatcher import Dispatcher

SMALL: dict[str, Any] = {
    "samplers": ["random"], "controls": [], "budget": {"n_trials": 1}, "pruning": None,
    "evaluation": {"n_seeds": 0},
}  # fmt: skip


@pytest.fixture
def dispatcher(sqlite_database: Database, tmp_path: Path) -> Dispatcher:
    settings = Settings(data_dir=tmp_path, poll_s=0.001, lease_s=60.0)
    return Dispatcher(settings, sqlite_database, PretendedCluster())


def ask(client: TestClient, job_id: int, **body: Any) -> dict[str, Any]:
    answer = client.post(f"/v1/jobs/{job_id}/ask", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_trial_is_asked_for_trained_and_taken(
    client: TestClient, sqlite_database: Database, dispatcher: Dispatcher
) -> None:
    job_id = submit(sqlite_database, **SMALL)
    dispatcher.turn(looks=True)
    answer = ask(client, job_id, worker="gpu-1")
    (trial,) = answer["trials"]
    assert (answer["done"], answer["state"]) == (False, "RUNNING")
    assert (trial["phase"], trial["split"], trial["epochs"], trial["attempt"]) == (
        "search", "validation", 4, 1,
    )  # fmt: skip
    assert trial["den"] == trial["densities"][0]["den"]
    assert len(trial["phi"]) == len(trial["phi"][0]) == len(trial["alpha"]) == 5
    assert {"den", "lr"} <= trial["params"].keys() | {"den"}
    token, at = {"token": trial["token"]}, f"/v1/trials/{trial['id']}"
    assert client.post(f"{at}/heartbeat", json=token).json()["stop"] is False
    first = {**token, "epoch": 1, "value": 0.5}
    assert client.post(f"{at}/report", json=first).json()["reason"] is None
    late = client.post(f"{at}/report", json={**first, "epoch": 3})
    assert (late.status_code, late.json()["type"]) == (409, "/problems/epoch-order")
    end = {**token, "value": 0.6, "metrics": {"recall": 0.8}}
    assert client.post(f"{at}/tell", json=end).json() == {"outcome": "taken"}
    other = client.post(f"{at}/tell", json={**end, "value": 0.7})
    assert (other.status_code, other.json()["type"]) == (409, "/problems/other-report")
    dispatcher.turn(looks=True)
    shown = client.get(at).json()
    assert (shown["state"], shown["value"], shown["curve"]) == ("COMPLETED", -0.6, [-0.5])
    assert shown["metrics"] == {"mAP": 0.6, "recall": 0.8}
    assert shown["attempt_log"][0]["worker"] == "gpu-1"
    dispatcher.turn(looks=True)
    assert ask(client, job_id, wait_s=30) == {"trials": [], "done": True, "state": "SUCCEEDED"}


def test_a_trainer_waits_until_a_trial_is_offered(
    client: TestClient, sqlite_database: Database, dispatcher: Dispatcher
) -> None:
    job_id = submit(sqlite_database, **SMALL)
    assert ask(client, job_id, wait_s=0.1)["trials"] == []
    offers = threading.Timer(0.5, lambda: dispatcher.turn(looks=True))
    offers.start()
    assert len(ask(client, job_id, wait_s=30)["trials"]) == 1
    offers.join()
    commands.cancel(sqlite_database, job_id)
    assert ask(client, job_id, wait_s=30)["done"]


def test_a_trial_of_a_trainer_that_died_while_it_waited_is_offered_again_at_once(
    client: TestClient,
    sqlite_database: Database,
    dispatcher: Dispatcher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job_id = submit(sqlite_database, **SMALL)
    n_claims = 0
    claim = asks.claim

    def counted(*given: Any, **options: Any) -> AskedTrials:
        nonlocal n_claims
        n_claims += 1
        return claim(*given, **options)

    async def is_gone(_request: Request) -> bool:
        return n_claims > 1  # the first finds nothing; the trainer dies while the second is made

    monkeypatch.setattr(asks, "claim", counted)
    monkeypatch.setattr(Request, "is_disconnected", is_gone)
    offers = threading.Timer(0.3, lambda: dispatcher.turn(looks=True))
    offers.start()
    assert ask(client, job_id, wait_s=30)["trials"] == []
    offers.join()
    assert n_claims == 2
    dispatcher.turn(looks=True)
    (trial,) = ask(client, job_id)["trials"]
    with sqlite_database.read() as session:
        found = [one.state for one in trials.attempts(session, trial["id"])]
    assert found == [AttemptState.CANCELLED, AttemptState.RUNNING]


BAD: dict[str, tuple[dict[str, Any] | bytes, int, str]] = {
    "no token": ({"value": 0.5}, 422, "/token"),
    "nothing": ({"token": "t"}, 422, "/value"),
    "two ends": ({"token": "t", "value": 0.5, "failed": "no"}, 422, "/value"),
    "NaN": (b'{"token": "t", "value": NaN}', 422, "/value"),
    "text": ({"token": "t", "value": "0.5"}, 422, "/value"),
    "infinite metric": (b'{"token": "t", "value": 1, "metrics": {"a": NaN}}', 422, "/metrics/a"),
    "no line": ({"token": "t", "value": 1, "metrics": {"a\0b": 1}}, 422, "/metrics/a\0b"),
    # Of a few such values a report could make no finite interval: the job failed at its end.
    "huge": ({"token": "t", "value": -1e100}, 422, "/value"),
    "huge metric": ({"token": "t", "value": 1, "metrics": {"a": 1e100}}, 422, "/metrics/a"),
    "unknown field": ({"token": "t", "value": 0.5, "epoch": 3}, 422, "/epoch"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_end_is_refused_with_its_field(client: TestClient, name: str) -> None:
    body, status, pointer = BAD[name]
    given = {"content": body} if isinstance(body, bytes) else {"json": body}
    headers = {"content-type": "application/json"}
    answer = client.post("/v1/trials/1/tell", headers=headers, **given)
    assert answer.status_code == status
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]


def test_asks_for_what_cannot_be_asked_are_refused(
    client: TestClient, sqlite_database: Database
) -> None:
    spec = {"name": "f", "task": {"kind": "function", "name": "sphere"}, "budget": {"n_trials": 2}}
    own = client.post("/v1/jobs", json=spec).json()["id"]
    answer = client.post(f"/v1/jobs/{own}/ask", json={})
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/not-external")
    assert client.post("/v1/jobs/77/ask", json={}).status_code == 404
    mine = submit(sqlite_database)
    assert client.post(f"/v1/jobs/{mine}/ask", json={"count": 0}).status_code == 422
    reversed_ = client.post(f"/v1/jobs/{mine}/ask", json={"worker": "a\u202eb"})
    assert "U+202E" in reversed_.json()["errors"][0]["detail"]
    token = client.post("/v1/trials/1/heartbeat", json={"token": "made up"})
    assert (token.status_code, token.json()["type"]) == (403, "/problems/unknown-token")
    estimate = client.post("/v1/jobs/estimate", json=SPEC)
    assert estimate.status_code == 200
    assert "a program of your own trains" in estimate.json()["detail"]
    shown = client.get(f"/jobs/{mine}").text
    assert f"client.work({mine})" in shown
    assert "Lowest -mAP" in shown
    for page in (f"/jobs/{mine}", f"/jobs/{mine}/trials", f"/jobs/{mine}/search", "/jobs/new"):
        assert client.get(page).status_code == 200, page
