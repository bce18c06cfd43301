"""The stream of a job's events: complete, in order, resumable, and it ends."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from api import event_feed
from api.event_feed import EventFeed
from api.routes.events import _stream
from service.jobs import commands, reopen
from service.storage import events
from service.storage.database import Database
from service.storage.deadlines import within
from tests.support.simulation import Simulation
from tests.support.specs import SPHERE, submit


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
    reopen.extend(database, job_id, 9)
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
    monkeypatch.setattr(event_feed, "BATCH", 3)
    monkeypatch.setattr(event_feed, "POLL_S", 60.0)  # no pause between existing chunks
    assert client.get(address).text == whole


def test_what_happens_while_one_listens_arrives(
    client: TestClient, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_feed, "POLL_S", 0.01)
    monkeypatch.setattr(event_feed, "KEEP_ALIVE_S", 0.1)
    job_id = submit(client)
    heard = threading.Event()
    original, n_turns = event_feed._standings, iter(range(10**9))

    def standings(database: Database, job_ids: set[int]) -> object:
        if next(n_turns) > 40:
            heard.set()  # it has told all there was, and listens
        return original(database, job_ids)

    monkeypatch.setattr(event_feed, "_standings", standings)

    def cancel() -> None:
        heard.wait(30)
        commands.cancel(sqlite_database, job_id)

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
        stream = _stream(EventFeed(sqlite_database, threading.Event()), job_id, 0)
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


def test_one_reading_serves_all_streams_that_have_come_equally_far(
    both: TestClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = _finished(both, database)
    whole = both.get(f"/v1/jobs/{job_id}/events").text
    n_read = {"_standings": 0, "_after": 0}
    for name in n_read:
        monkeypatch.setattr(event_feed, name, _counting(getattr(event_feed, name), name, n_read))

    async def listen() -> list[str]:
        feed = EventFeed(database, threading.Event())
        return await asyncio.gather(*(_text(_stream(feed, job_id, 0)) for _ in range(50)))

    assert asyncio.run(listen()) == [whole] * 50
    assert n_read["_after"] == 1
    assert n_read["_standings"] <= 2


def _counting(call: Callable[..., object], name: str, n: dict[str, int]) -> Callable[..., object]:
    def counted(*args: object) -> object:
        n[name] += 1
        return call(*args)

    return counted


async def _text(stream: AsyncIterator[bytes]) -> str:
    return b"".join([chunk async for chunk in stream]).decode()


def test_a_client_that_does_not_read_is_handed_one_chunk_and_loses_nothing(
    client: TestClient, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = _finished(client, sqlite_database)
    whole = client.get(f"/v1/jobs/{job_id}/events").text
    monkeypatch.setattr(event_feed, "BATCH", 5)
    monkeypatch.setattr(event_feed, "POLL_S", 0.001)
    n_read = {"_after": 0, "_standings": 0}
    for name in n_read:
        monkeypatch.setattr(event_feed, name, _counting(getattr(event_feed, name), name, n_read))

    async def listen() -> str:
        stream = _stream(EventFeed(sqlite_database, threading.Event()), job_id, 0)
        first = [await anext(stream), await anext(stream)]
        while n_read["_standings"] < 20:  # noqa: ASYNC110 - the test counts turns
            await asyncio.sleep(0.001)
        assert n_read["_after"] == 1  # nothing is read for it meanwhile
        return b"".join(first).decode() + await _text(stream)

    assert asyncio.run(listen()) == whole


def test_streams_outlive_an_outage_of_the_database(
    client: TestClient, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = submit(client)
    monkeypatch.setattr(event_feed, "POLL_S", 0.01)
    monkeypatch.setattr(event_feed, "RETRY_S", 0.01)
    original, turns = event_feed._standings, iter(range(10**9))

    def down(database: Database, job_ids: set[int]) -> object:
        turn = next(turns)
        if 3 <= turn < 10:
            raise OperationalError("SELECT", {}, Exception("refused"))
        if turn == 10:
            commands.cancel(sqlite_database, job_id)
        return original(database, job_ids)

    monkeypatch.setattr(event_feed, "_standings", down)
    with capture_logs() as lines:
        text = client.get(f"/v1/jobs/{job_id}/events").text
    assert [e.data["state"] for e in _parse(text)] == ["QUEUED", "CANCELLED"]
    assert len([line for line in lines if "wait for the database" in line["event"]]) == 1


def test_the_stream_of_a_job_that_is_deleted_ends(
    client: TestClient, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, deleted = submit(client), submit(client)
    monkeypatch.setattr(event_feed, "POLL_S", 0.01)

    async def listen() -> None:
        feed = EventFeed(sqlite_database, threading.Event())
        other = feed.follow(kept, 0)
        assert await anext(other)
        stream = feed.follow(deleted, 0)
        assert await anext(stream)
        with sqlite_database.write() as session:
            session.execute(text("DELETE FROM jobs WHERE id = :id"), {"id": deleted})
        assert [chunk async for chunk in stream] == []
        commands.cancel(sqlite_database, kept)  # the other one goes on
        assert b"CANCELLED" in await anext(other)
        assert [chunk async for chunk in other] == []

    asyncio.run(listen())


def test_an_unforeseen_error_ends_the_streams_and_not_the_feed(
    client: TestClient, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = submit(client)
    original = event_feed._standings

    def broken(*_: object) -> object:
        raise ZeroDivisionError

    async def listen() -> None:
        feed = EventFeed(sqlite_database, threading.Event())
        monkeypatch.setattr(event_feed, "_standings", broken)
        assert [chunk async for chunk in feed.follow(job_id, 0)] == []
        monkeypatch.setattr(event_feed, "_standings", original)
        assert b"QUEUED" in await anext(feed.follow(job_id, 0))

    with capture_logs() as lines:
        asyncio.run(listen())
    assert [line["event"] for line in lines] == ["event streams ended"]


def test_the_deadline_of_the_first_request_does_not_hold_for_the_feed(
    client: TestClient, sqlite_database: Database
) -> None:
    job_id = submit(client)

    async def listen() -> None:
        stream = EventFeed(sqlite_database, threading.Event()).follow(job_id, 0)
        with within(0.0):
            assert b"QUEUED" in await anext(stream)

    asyncio.run(listen())


def test_a_silent_database_does_not_keep_streams_from_ending(
    client: TestClient, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id, ending, answered = submit(client), threading.Event(), threading.Event()
    monkeypatch.setattr(event_feed, "POLL_S", 0.01)
    monkeypatch.setattr(event_feed, "_standings", lambda *_: answered.wait(60))

    async def listen() -> None:
        stream = EventFeed(sqlite_database, ending).follow(job_id, 0)
        end = asyncio.get_running_loop().call_later(0.1, ending.set)
        assert [chunk async for chunk in stream] == []
        end.cancel()
        answered.set()

    asyncio.run(listen())


def test_a_bad_last_event_id_is_refused(client: TestClient) -> None:
    job_id = submit(client, SPHERE)
    for bad in ("x", "-1", str(2**63)):
        answer = client.get(f"/v1/jobs/{job_id}/events", headers={"last-event-id": bad})
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
