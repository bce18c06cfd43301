"""Names over REST: refused at submission, readable where older versions stored them."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from service.storage.database import Database
from tests.support.specs import SPHERE, submit

OLD = " photos\u202e\x85gnp.exe"


@pytest.mark.parametrize(
    "name", ["a\u202eb", "a\x85b", "a\u2066b", "a\u200bb", " a", "a ", "\u3164"]
)
def test_a_name_that_does_not_look_like_itself_is_refused_with_its_place(
    client: TestClient, name: str
) -> None:
    answer = client.post("/v1/jobs", json={**SPHERE, "name": name})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/name"
    answer = client.post("/v1/datasets", params={"name": name}, content=b"x")
    assert answer.status_code == 422
    assert client.get("/v1/jobs").json()["items"] == []


def test_a_name_that_an_older_version_took_is_readable_and_turns_nothing_around(
    client: TestClient, sqlite_database: Database
) -> None:
    job_id = submit(client)
    with sqlite_database.write() as session:
        session.execute(
            text("UPDATE jobs SET name = :name, spec = json_set(spec, '$.name', :name)"),
            {"name": OLD},
        )
    assert client.get(f"/v1/jobs/{job_id}").json()["name"] == OLD
    assert client.get("/v1/jobs").json()["items"][0]["name"] == OLD
    for page in ("/", f"/jobs/{job_id}", f"/jobs/new?from={job_id}"):
        answer = client.get(page)
        assert answer.status_code in (200, 404), page
        assert "\u202e" not in answer.text
        assert "\x85" not in answer.text
    assert r"\u202e" in client.get("/").text
    # Cloned under another name; the old one has to be changed.
    clone = f"/v1/jobs/{job_id}/clone"
    assert client.post(clone, json={}).status_code == 422
    assert client.post(clone, json={"name": "photos"}).status_code in (201, 202)
