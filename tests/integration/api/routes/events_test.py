"""The stream of a job's events over HTTP: complete, in order, resumable, and it ends."""

from __future__ import annotations

import threading

from starlette.testclient import TestClient

from service.jobs import reopen
from service.storage import events
from service.storage.database import Database
from tests.support.event_streams import parse_events
from tests.support.simulation import finish_next
from tests.support.specs import SPHERE, submit


def finished(client: TestClient, database: Database) -> int:
    """Submit a job and run it to its end."""
    job_id = submit(client)
    finish_next(database)
    return job_id


def test_a_stream_tells_all_in_order_and_ends(both: TestClient, database: Database) -> None:
    job_id = finished(both, database)
    answer = both.get(f"/v1/jobs/{job_id}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    found = parse_events(answer.text)
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
    job_id = finished(both, database)
    address = f"/v1/jobs/{job_id}/events"
    before = parse_events(both.get(address).text)
    reopen.extend(database, job_id, 9)
    finish_next(database)
    header = {"last-event-id": str(before[-1].id)}
    after = parse_events(both.get(address, headers=header).text)
    states = [e.data["state"] for e in after if e.kind == "job"]
    assert (states[0], states[-1]) == ("QUEUED", "SUCCEEDED")
    assert after[0].id > before[-1].id
    trials = {e.data["id"] for e in after if e.kind == "trial"}
    assert len(trials) == 3
    # A late client gets both parts, and the stream does not end at the first SUCCEEDED.
    assert parse_events(both.get(address).text) == before + after


def test_a_stream_resumes_after_the_last_event_seen(both: TestClient, database: Database) -> None:
    address = f"/v1/jobs/{finished(both, database)}/events"
    whole = parse_events(both.get(address).text)
    middle = whole[len(whole) // 2].id
    rest = [event for event in whole if event.id > middle]
    header = {"last-event-id": str(middle)}
    assert parse_events(both.get(address, headers=header).text) == rest
    assert parse_events(both.get(f"{address}?last_event_id={middle}").text) == rest
    # A browser reconnects to the address it began with: the header is newer.
    assert parse_events(both.get(f"{address}?last_event_id=0", headers=header).text) == rest
    # An EventSource that gets 204 does not ask again.
    for last in (whole[-1].id, 2**63 - 1):
        answer = both.get(address, headers={"last-event-id": str(last)})
        assert (answer.status_code, answer.content) == (204, b"")


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
    seen = [event.id for event in parse_events(heard[0])]
    client.post(address.replace("events", "cancel"))
    header = {"last-event-id": str(max(seen, default=0))}
    rest = parse_events(client.get(address, headers=header).text)
    assert rest[-1].data["state"] == "CANCELLED"
    assert not {event.id for event in rest} & set(seen)


def test_a_bad_last_event_id_is_refused(client: TestClient) -> None:
    job_id = submit(client, SPHERE)
    for bad in ("x", "-1", str(2**63)):
        answer = client.get(f"/v1/jobs/{job_id}/events", headers={"last-event-id": bad})
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
