"""Tags and notes by REST: what is left out stays, bad ones are refused whole, lists find them."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from service.storage import events
from service.storage.database import Database
from tests.support import seeding

JOB = {"name": "branin", "task": {"kind": "function", "name": "branin"}, "samplers": ["random"]}


def new(client: TestClient) -> str:
    answer = client.post("/v1/jobs", json={**JOB, "budget": {"n_trials": 2}})
    return f"/v1/jobs/{answer.json()['id']}"


def test_what_is_left_out_stays(both: TestClient) -> None:
    job = new(both)
    before = both.get(job).json()
    assert (before["tags"], before["note"]) == ([], "")
    both.patch(job, json={"tags": ["b", "a", "a"], "note": "one\n\ttwo"})
    assert both.patch(job, json={}).json()["tags"] == ["a", "b"]
    # Two ways to write the same letter are one tag, and either finds it.
    both.patch(job, json={"tags": ["caf\u00e9", "cafe\u0301"]})
    assert both.get(job).json()["tags"] == ["caf\u00e9"]
    assert len(both.get("/v1/jobs", params={"tag": "cafe\u0301"}).json()["items"]) == 1
    both.patch(job, json={"tags": ["c"]})
    answer = both.patch(job, json={"note": ""})
    assert answer.status_code == 200
    after = answer.json()
    assert (after["tags"], after["note"]) == (["c"], "")
    unchanged = before.keys() - {"tags", "note", "waits_for"}
    assert all(after[name] == before[name] for name in unchanged)
    (listed,) = both.get("/v1/jobs").json()["items"]
    assert (listed["tags"], listed["note"]) == (["c"], "")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"tags": ["good", " blank"]}, "/tags/1"),
        ({"tags": ["a\u202eb"]}, "/tags/0"),
        ({"tags": [""]}, "/tags/0"),
        ({"tags": ["x" * 51]}, "/tags/0"),
        ({"tags": [str(i) for i in range(21)]}, "/tags"),
        ({"tags": "a"}, "/tags"),
        ({"note": "x" * 4001}, "/note"),
        ({"note": "a\x1b[31m"}, "/note"),
        ({"note": "fine", "name": "other"}, "/name"),
        ([], ""),
    ],
)
def test_a_bad_value_is_named_and_changes_nothing(
    client: TestClient, body: object, pointer: str
) -> None:
    job = new(client)
    client.patch(job, json={"tags": ["kept"], "note": "kept"})
    answer = client.patch(job, json=body)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
    assert answer.json()["title"] == "The body is refused"
    now = client.get(job).json()
    assert (now["tags"], now["note"]) == (["kept"], "kept")


def test_pages_hear_of_it(client: TestClient, sqlite_database: Database) -> None:
    job = new(client)
    job_id = int(job.rpartition("/")[2])
    with sqlite_database.read() as session:
        before = events.last_id(session, job_id)
    client.patch(job, json={"tags": ["a"]})
    with sqlite_database.read() as session:
        assert [event.kind for event in events.after(session, job_id, before, 9)] == ["job"]
        before = events.last_id(session, job_id)
    for same in ({}, {"tags": ["a", "a"]}, {"note": ""}):
        client.patch(job, json=same)
    with sqlite_database.read() as session:
        assert events.last_id(session, job_id) == before  # nothing has changed


def test_a_job_that_is_not_there_has_no_note(client: TestClient) -> None:
    assert client.patch("/v1/jobs/7", json={"note": "x"}).status_code == 404


def test_lists_are_filtered_sorted_and_paged(both: TestClient, database: Database) -> None:
    for name in ("b", "a", "c"):
        seeding.submit(database, name, n_trials=1)
    last = new(both)
    both.patch(last, json={"tags": ["paper"], "note": "The LAST run"})

    def names(**query: str) -> list[str]:
        return [job["name"] for job in both.get("/v1/jobs", params=query).json()["items"]]

    assert names(sort="name") == ["a", "b", "branin", "c"]
    assert names(task="denoising", sort="oldest") == ["b", "a", "c"]
    assert names(tag="paper") == names(text="last RUN") == names(task="function") == ["branin"]
    assert names(sampler="random", dataset="photos") == ["c", "a", "b"]
    first = both.get("/v1/jobs", params={"sort": "name", "limit": 3})
    assert [job["name"] for job in first.json()["items"]] == ["a", "b", "branin"]
    second = both.get(first.links["next"]["url"])
    assert [job["name"] for job in second.json()["items"]] == ["c"]
    for wrong in ({"sort": "value"}, {"tag": ""}, {"text": "a\x00"}, {"owner": "me"}):
        assert both.get("/v1/jobs", params=wrong).status_code == 422
