"""Webhooks by REST: what is stored, what is refused, and that no secret is shown again."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from service.jobs import commands as job_commands
from service.storage.database import Database
from service.webhooks import signing
from tests.support.specs import submit

PATH = "/v1/webhooks"
PUBLIC = "https://8.8.8.8/hook"


def put(client: TestClient, **changes: Any) -> Any:  # noqa: ANN401 - a response
    return client.put(PATH, json={"id": "chat", "url": PUBLIC} | changes)


def database_of(client: TestClient) -> Database:
    found: Database = client.app.state.database  # type: ignore[attr-defined] # Starlette's own
    return found


def test_a_webhook_is_stored_shown_changed_and_deleted(both: TestClient) -> None:
    made = put(both)
    assert made.status_code == 201
    secret = made.json()["secret"]
    assert signing.read_secret(secret) == secret
    assert len(made.json()["events"]) == 5
    assert made.json()["is_on"]
    wanted = ["job.failed", "job.started", "job.failed"]
    changed = put(both, url=PUBLIC + "2", events=wanted)
    assert changed.status_code == 200
    assert changed.json()["secret"] is None
    for shown in (both.get(f"{PATH}/chat"), both.get(PATH), changed):
        assert shown.status_code == 200
        assert secret not in shown.text
    (listed,) = both.get(PATH).json()["items"]
    assert (listed["url"], listed["events"]) == (PUBLIC + "2", ["job.started", "job.failed"])
    assert both.delete(f"{PATH}/chat").status_code == 204
    assert both.delete(f"{PATH}/chat").status_code == 404
    assert both.get(PATH).json() == {"items": []}


def test_a_secret_is_rotated_and_shown_once(client: TestClient) -> None:
    own = signing.new_secret()
    assert put(client, secret=own).json()["secret"] == own
    assert client.get(f"{PATH}/chat").json()["old_secret_until"] is None
    rotated = client.post(f"{PATH}/chat/secret", json={}).json()
    assert rotated["secret"] not in {None, own}
    assert rotated["old_secret_until"] is not None
    again = client.post(f"{PATH}/chat/secret", json={"secret": own}).json()
    assert again["secret"] == own
    assert client.post(f"{PATH}/none/secret", json={}).status_code == 404


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"url": "http://127.0.0.1:8080/"}, "/url"),
        ({"url": "http://localhost/"}, "/url"),
        ({"url": "http://[::ffff:127.0.0.1]/"}, "/url"),
        ({"url": "http://169.254.169.254/latest/meta-data/"}, "/url"),
        ({"url": "http://no.invalid/"}, "/url"),
        ({"url": "gopher://8.8.8.8/"}, "/url"),
        ({"url": ""}, "/url"),
        ({"url": None}, "/url"),
        ({"id": "Chat"}, "/id"),
        ({"id": "../x"}, "/id"),
        ({"id": 7}, "/id"),
        ({"events": []}, "/events"),
        ({"events": ["job.deleted"]}, "/events/0"),
        ({"events": "job.failed"}, "/events"),
        ({"secret": "whsec_c2hvcnQ="}, "/secret"),
        ({"secret": "hunter2hunter2hunter2hunter2hunter2"}, "/secret"),
        ({"sekret": "x"}, "/sekret"),
    ],
)
def test_what_cannot_be_used_is_refused_by_its_field(
    client: TestClient, changes: dict[str, Any], pointer: str
) -> None:
    answer = put(client, **changes)
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/invalid-body"
    assert answer.json()["errors"][0]["pointer"] == pointer
    if "secret" in changes:
        assert changes["secret"] not in answer.text
    assert client.get(PATH).json() == {"items": []}


def test_the_log_has_tests_and_events_page_by_page(client: TestClient) -> None:
    put(client)
    test = client.post(f"{PATH}/chat/test")
    assert test.status_code == 202
    assert (test.json()["type"], test.json()["state"]) == ("webhook.test", "WAITING")
    job_id = submit(client)
    job_commands.cancel(database_of(client), job_id)
    first = client.get(f"{PATH}/chat/deliveries", params={"limit": 1})
    (newest,) = first.json()["items"]
    assert (newest["type"], newest["job_id"]) == ("job.cancelled", job_id)
    assert newest["next_at"] is not None
    second = client.get(first.links["next"]["url"])
    assert [one["id"] for one in second.json()["items"]] == [test.json()["id"]]
    assert client.get(f"{PATH}/chat").json()["n_waiting"] == 2
    for path in ("none/deliveries", "none", "No"):
        assert client.get(f"{PATH}/{path}").status_code in {404, 422}
    assert client.post(f"{PATH}/none/test").status_code == 404


def test_the_page_of_the_system_shows_them_with_a_button(client: TestClient) -> None:
    assert "No webhooks" in client.get("/system").text
    secret = put(client).json()["secret"]
    sent = client.post("/system/webhooks/chat/test", follow_redirects=False)
    assert (sent.status_code, sent.headers["location"]) == (303, "../../../system")
    page = client.get("/system").text
    assert 'action="./system/webhooks/chat/test"' in page
    assert "webhook.test" in page
    assert "8.8.8.8" in page
    assert secret not in page
    assert client.post("/system/webhooks/none/test").status_code == 404
