"""A long import is answered with 202, shows its progress, and ends as its upload would have."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from service.settings import Settings
from service.storage import imports
from service.storage.database import Database
from tests.support.asking import until
from tests.support.datasets import making
from tests.support.datasets.uploading import add, folders

# Answered at once, while the import goes on.
send = partial(add, prefer="respond-async")


def ended(client: TestClient, address: str) -> Any:  # noqa: ANN401
    until(lambda: client.get(address).json()["state"] != "RUNNING")
    return client.get(address)


def test_a_long_import_is_followed_to_its_set(both: TestClient, opened: threading.Event) -> None:
    answer = send(both)
    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "respond-async"
    assert answer.headers["retry-after"] == "1"
    address = answer.headers["location"]
    assert address == f"/v1/datasets/imports/{answer.json()['id']}"
    until(lambda: both.get(address).json()["n_done"] == 3)
    seen = both.get(address)
    assert seen.status_code == 200
    assert seen.headers["retry-after"] == "1"
    shown = {"state": "RUNNING", "stage": "reading", "n_total": 10, "unit": "samples"}
    assert shown.items() <= seen.json().items()
    # A client that lost its answer and sends again finds the same import.
    assert send(both).headers["location"] == address
    opened.set()
    done = ended(both, address)
    assert "retry-after" not in done.headers
    found = done.json()
    assert (found["state"], found["problem"]) == ("SUCCEEDED", None)
    assert found["dataset"] == f"stored:{found['dataset_id']}"
    assert done.headers["link"] == f'</v1/datasets/{found["dataset_id"]}>; rel="item"'
    assert both.get(f"/v1/datasets/{found['dataset_id']}").json()["name"] == "pets"
    # Once it has ended the same upload is answered with the set that is there.
    again = send(both, prefer=None)
    assert again.status_code == 201
    assert again.json()["id"] == found["dataset_id"]
    assert both.delete(address).json()["state"] == "SUCCEEDED"
    assert both.get(address).status_code == 404
    assert both.get(f"/v1/datasets/{found['dataset_id']}").status_code == 200


def test_a_client_says_how_long_it_waits(client: TestClient, opened: threading.Event) -> None:
    assert send(client, prefer="wait=0").headers["preference-applied"] == "wait=0"
    opened.set()
    answer = send(client, prefer="respond-async, wait=100")
    assert answer.status_code == 201
    assert answer.headers["preference-applied"] == "wait=100"
    assert "preference-applied" not in send(client, prefer=None).headers


def test_a_refusal_is_the_same_at_once_and_later(client: TestClient, settings: Settings) -> None:
    broken = making.zipped(making.class_files(5) | {"cat/x.png": b"broken", "cat/y.png": b""})
    at_once = send(client, broken, prefer=None)
    assert at_once.status_code == 422
    answer = send(client, broken)
    # It may have been refused before it was looked at.
    later = ended(client, answer.headers.get("location", "/v1/datasets/imports/2")).json()
    assert later["state"] == "FAILED"
    assert later["problem"] == at_once.json()
    assert later["problem"]["n_errors"] == 2
    assert later["dataset"] is None
    until(lambda: folders(settings) == [])  # the row ends before the folder goes


def test_who_waits_for_a_stopped_import_learns_it(
    client: TestClient, settings: Settings, opened: threading.Event
) -> None:
    waiting: list[Any] = []
    other = threading.Thread(target=lambda: waiting.append(send(client, prefer="wait=60")))
    other.start()
    until(lambda: client.get("/v1/datasets/imports").json()["items"])
    assert client.delete("/v1/datasets/imports/1").json()["state"] == "RUNNING"
    other.join()
    assert not opened.is_set()
    assert waiting[0].status_code == 409
    assert waiting[0].json()["type"] == "/problems/import-stopped"
    assert client.delete("/v1/datasets/imports/1").status_code == 404
    assert folders(settings) == []


@pytest.mark.usefixtures("opened")
def test_an_import_whose_server_ended_is_lost(client: TestClient, settings: Settings) -> None:
    waiting: list[Any] = []
    other = threading.Thread(target=lambda: waiting.append(send(client, prefer="wait=60")))
    other.start()
    until(lambda: client.get("/v1/datasets/imports").json()["items"])
    client.app.state.ending.set()  # type: ignore[attr-defined] # as at SIGTERM
    other.join()
    assert waiting[0].status_code == 503
    assert waiting[0].json()["type"] == "/problems/import-lost"
    assert "retry-after" in waiting[0].headers
    found = client.get("/v1/datasets/imports/1").json()
    assert found["state"] == "LOST"
    assert found["problem"] == waiting[0].json()
    assert folders(settings) == []


@pytest.mark.usefixtures("opened")
def test_several_processes_share_the_imports(
    settings: Settings, sqlite_database: Database
) -> None:
    apps = [create_app(settings, sqlite_database) for _ in range(2)]
    first, second = (TestClient(app, base_url="http://127.0.0.1") for app in apps)
    address = send(first).headers["location"]
    assert second.get(address).json()["state"] == "RUNNING"
    assert send(second).headers["location"] == address
    assert second.delete(address).status_code == 200
    apps[0].state.importer.join_all(30)
    assert folders(settings) == []


def test_pages_of_imports(client: TestClient, sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        for index in range(3):
            imports.insert(session, name=f"n{index}", stage="waiting", workspace="-", key=None)
    first = client.get("/v1/datasets/imports", params={"limit": 2})
    second = client.get(first.links["next"]["url"])
    assert [one["name"] for one in first.json()["items"]] == ["n2", "n1"]
    assert [one["name"] for one in second.json()["items"]] == ["n0"]
    # Nobody works on them.
    assert {one["state"] for one in first.json()["items"]} == {"LOST"}
    assert client.get("/v1/datasets/imports/1").json()["state"] == "LOST"
    assert add(client).status_code == 201
    states = [one["state"] for one in client.get("/v1/datasets/imports").json()["items"]]
    assert states == ["SUCCEEDED", "LOST", "LOST", "LOST"]
