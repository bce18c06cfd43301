"""The stream of a job's events: complete, in order, resumable, and it ends."""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import dataclass

import pytest
from starlette.testclient import TestClient

from api.routes import events as routes
from service import jobs, reopening
from service.storage import events
from service.storage.database import Database
from tests.integration.api.specs import SPHERE, submit
from tests.integration.service.simulation import Simulation


@dataclass(frozen=True)
class Received:
    id: int
    kind: str
    data: dict[str, object]


def _parse(text: str) -> list[Received]:
    """Read a stream as the HTML standard says, as far as this server uses it."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if line[:1] != ":")
        if "data" in fields:
            found.append(Received(int(fields["id"]), fields["event"], json.loads(fields["data"])))
    return found


def _finished(client: TestClient, database: Database) -> int:
    job_id = submit(client)
    simulation = Simulation(database)
    (run,) = simulation.take()
    simulation.run(run)
    return job_id


def test_a_stream_tells_all_in_order_and_ends(both: TestClient, database: Database) -> None:
    job_id = _finished(both, database)
    answer = both.get(f"/v1/jobs/{job_id}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    found = _parse(answer.text)
    with database.read() as session:
        stored = events.after(session, job_id, 0, 10_000)
    assert [e.id for e in found] == [e.id for e in stored]
    assert [e.id for e in found] == sorted(e.id for e in found)
    states = [e.data["state"] for e in found if e.kind == "job"]
    assert states[0] == "QUEUED"
    assert states[-1] == "SUCCEEDED"
    completed = {
        e.data["id"] for e in found if e.kind == "trial" and e.data["state"] == "COMPLETED"
    }
    assert len(completed) == 6


def test_the_events_of_an_extended_job_go_on_where_they_ended(
    both: TestClient, database: Database
) -> None:
    job_id = _finished(both, database)
    address = f"/v1/jobs/{job_id}/events"
    before = _parse(both.get(address).text)
    reopening.extend(database, job_id, 9)
    simulation = Simulation(database)
    (run,) = simulation.take()
    simulation.run(run)
    header = {"last-event-id": str(before[-1].id)}
    after = _parse(both.get(address, headers=header).text)
    states = [e.data["state"] for e in after if e.kind == "job"]
    assert (states[0], states[-1]) == ("QUEUED", "SUCCEEDED")
    assert after[0].id > before[-1].id
    trials = {e.data["id"] for e in after if e.kind == "trial"}
    assert len(trials) == 3
    # Whoever comes late gets both parts, and the stream does not end at the first SUCCEEDED.
    assert _parse(both.get(address).text) == before + after


def test_a_stream_resumes_after_the_last_event_seen(both: TestClient, database: Database) -> None:
    address = f"/v1/jobs/{_finished(both, database)}/events"
    whole = _parse(both.get(address).text)
    middle = whole[len(whole) // 2].id
    rest = [event for event in whole if event.id > middle]
    header = {"last-event-id": str(middle)}
    assert _parse(both.get(address, headers=header).text) == rest
    assert _parse(both.get(f"{address}?last_event_id={middle}").text) == rest
    # A browser reconnects to the address it began with: the header is newer.
    assert _parse(both.get(f"{address}?last_event_id=0", headers=header).text) == rest
    assert _parse(both.get(address, headers={"last-event-id": str(2**63 - 1)}).text) == []


def test_more_events_than_a_batch_arrive(
    client: TestClient, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"/v1/jobs/{_finished(client, sqlite_database)}/events"
    whole = client.get(address).text
    monkeypatch.setattr(routes, "BATCH", 3)
    monkeypatch.setattr(routes, "POLL_S", 0.0)
    assert client.get(address).text == whole


def test_what_happens_while_one_listens_arrives(
    client: TestClient, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "POLL_S", 0.01)
    monkeypatch.setattr(routes, "KEEP_ALIVE_S", 0.0)
    job_id = submit(client)
    heard = threading.Event()
    original = routes._poll

    def poll(database: Database, job: int, last_id: int) -> object:
        found = original(database, job, last_id)
        if not found[0]:
            heard.set()  # it has told all there was, and listens
        return found

    monkeypatch.setattr(routes, "_poll", poll)

    def cancel() -> None:
        heard.wait(30)
        jobs.cancel(sqlite_database, job_id)

    thread = threading.Thread(target=cancel)
    thread.start()
    text = client.get(f"/v1/jobs/{job_id}/events").text
    thread.join()
    assert [e.data["state"] for e in _parse(text)] == ["QUEUED", "CANCELLED"]
    assert "\n: " in text  # kept alive in between


def test_a_stream_holds_no_connection_while_it_waits(
    client: TestClient, sqlite_database: Database
) -> None:
    job_id = submit(client)

    async def listen() -> None:
        stream = routes._stream(sqlite_database, job_id, 0, threading.Event())
        await anext(stream)
        await anext(stream)
        assert sqlite_database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        await stream.aclose()  # type: ignore[attr-defined]

    asyncio.run(listen())


def test_a_stream_ends_with_the_server_and_resumes_at_the_next(client: TestClient) -> None:
    address = f"/v1/jobs/{submit(client)}/events"
    heard: list[str] = []
    thread = threading.Thread(target=lambda: heard.append(client.get(address).text))
    thread.start()
    client.app.state.ending.set()  # type: ignore[attr-defined]
    thread.join(30)
    assert not thread.is_alive()
    assert "retry: 2000" in heard[0]
    client.app.state.ending.clear()  # type: ignore[attr-defined]
    seen = [event.id for event in _parse(heard[0])]
    client.post(address.replace("events", "cancel"))
    header = {"last-event-id": str(max(seen, default=0))}
    rest = _parse(client.get(address, headers=header).text)
    assert rest[-1].data["state"] == "CANCELLED"
    assert not {event.id for event in rest} & set(seen)


def test_a_bad_last_event_id_is_refused(client: TestClient) -> None:
    job_id = submit(client, SPHERE)
    for bad in ("x", "-1", str(2**63)):
        answer = client.get(f"/v1/jobs/{job_id}/events", headers={"last-event-id": bad})
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
