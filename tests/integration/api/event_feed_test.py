"""One poller for all streams: each gets every event once, however slow it or the database is."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from api import event_feed
from api.event_feed import EventFeed
from service.jobs import commands
from service.storage import events, recent
from service.storage.database import Database
from service.storage.deadlines import within
from tests.support.event_streams import parse_events
from tests.support.simulation import finish_next
from tests.support.specs import submit


def _finished(client: TestClient, database: Database) -> tuple[int, str]:
    """Run a job to its end; return its id and all its events as a stream gives them."""
    job_id = submit(client)
    finish_next(database)
    text = client.get(f"/v1/jobs/{job_id}/events").text
    return job_id, text.partition("\n\n")[2]  # after the time to reconnect, which the route sends


def test_more_events_than_a_batch_arrive(
    client: TestClient, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id, whole = _finished(client, sqlite_database)
    monkeypatch.setattr(event_feed, "BATCH", 3)
    monkeypatch.setattr(event_feed, "POLL_S", 60.0)  # no pause between existing chunks
    assert client.get(f"/v1/jobs/{job_id}/events").text.endswith(whole)


def test_what_happens_while_one_listens_arrives(
    client: TestClient, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_feed, "POLL_S", 0.01)
    monkeypatch.setattr(event_feed, "KEEP_ALIVE_S", 0.1)
    job_id = submit(client)
    heard = threading.Event()
    original, n_turns = events.standings, iter(range(10**9))

    def standings(session: Session, job_ids: set[int]) -> Any:  # noqa: ANN401 - as the original
        if next(n_turns) > 40:
            heard.set()  # it has sent all there was, and waits for more
        return original(session, job_ids)

    monkeypatch.setattr(events, "standings", standings)

    def cancel() -> None:
        heard.wait(30)
        commands.cancel(sqlite_database, job_id)

    thread = threading.Thread(target=cancel)
    thread.start()
    text = client.get(f"/v1/jobs/{job_id}/events").text
    thread.join()
    assert [e.data["state"] for e in parse_events(text)] == ["QUEUED", "CANCELLED"]
    assert "\n: " in text  # kept alive in between


def test_a_stream_holds_no_connection_while_it_waits(
    client: TestClient, sqlite_database: Database
) -> None:
    job_id = submit(client)

    async def listen() -> None:
        stream = EventFeed(sqlite_database, threading.Event()).follow(job_id, 0)
        await anext(stream)
        assert sqlite_database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        await stream.aclose()  # type: ignore[attr-defined]

    asyncio.run(listen())


def test_one_reading_serves_all_streams_that_have_come_equally_far(
    both: TestClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id, whole = _finished(both, database)
    n_read = {"standings": 0, "after": 0}
    for name in n_read:
        monkeypatch.setattr(events, name, _counting(getattr(events, name), name, n_read))

    async def listen() -> list[str]:
        feed = EventFeed(database, threading.Event())
        return await asyncio.gather(*(_text(feed.follow(job_id, 0)) for _ in range(50)))

    assert asyncio.run(listen()) == [whole] * 50
    assert n_read["after"] == 1
    assert n_read["standings"] <= 2


def test_an_answer_that_is_asked_for_after_an_event_has_what_it_announced(
    client: TestClient, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent, "OLDEST_S", 60.0)  # only the feed has it read again
    monkeypatch.setattr(event_feed, "POLL_S", 0.01)
    job_id = submit(client)
    elsewhere = Database(str(sqlite_database.url))

    async def states() -> list[str]:
        stream = EventFeed(sqlite_database, threading.Event()).follow(job_id, 0)
        await anext(stream)  # it was submitted
        before = await asyncio.to_thread(client.get, f"/v1/jobs/{job_id}")
        await asyncio.to_thread(commands.pause, elsewhere, job_id)
        await anext(stream)
        after = await asyncio.to_thread(client.get, f"/v1/jobs/{job_id}")
        return [answer.json()["state"] for answer in (before, after)]

    try:
        assert asyncio.run(states()) == ["QUEUED", "PAUSED"]
    finally:
        elsewhere.close()


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
    job_id, whole = _finished(client, sqlite_database)
    monkeypatch.setattr(event_feed, "BATCH", 5)
    monkeypatch.setattr(event_feed, "POLL_S", 0.001)
    n_read = {"standings": 0, "after": 0}
    for name in n_read:
        monkeypatch.setattr(events, name, _counting(getattr(events, name), name, n_read))

    async def listen() -> str:
        stream = EventFeed(sqlite_database, threading.Event()).follow(job_id, 0)
        first = await anext(stream)
        while n_read["standings"] < 20:  # noqa: ASYNC110 - the test counts turns
            await asyncio.sleep(0.001)
        assert n_read["after"] == 1  # nothing is read for it meanwhile
        return first.decode() + await _text(stream)

    assert asyncio.run(listen()) == whole


def test_streams_outlive_an_outage_of_the_database(
    client: TestClient, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = submit(client)
    monkeypatch.setattr(event_feed, "POLL_S", 0.01)
    monkeypatch.setattr(event_feed, "RETRY_S", 0.01)
    original, turns = events.standings, iter(range(10**9))

    def down(session: Session, job_ids: set[int]) -> Any:  # noqa: ANN401 - as the original
        turn = next(turns)
        if 3 <= turn < 10:
            raise OperationalError("SELECT", {}, Exception("refused"))
        if turn == 10:
            commands.cancel(sqlite_database, job_id)
        return original(session, job_ids)

    monkeypatch.setattr(events, "standings", down)
    with capture_logs() as lines:
        text = client.get(f"/v1/jobs/{job_id}/events").text
    assert [e.data["state"] for e in parse_events(text)] == ["QUEUED", "CANCELLED"]
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
    original = events.standings

    def broken(*_: object) -> object:
        raise ZeroDivisionError

    async def listen() -> None:
        feed = EventFeed(sqlite_database, threading.Event())
        monkeypatch.setattr(events, "standings", broken)
        assert [chunk async for chunk in feed.follow(job_id, 0)] == []
        monkeypatch.setattr(events, "standings", original)
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
    monkeypatch.setattr(events, "standings", lambda *_: answered.wait(60))

    async def listen() -> None:
        stream = EventFeed(sqlite_database, ending).follow(job_id, 0)
        end = asyncio.get_running_loop().call_later(0.1, ending.set)
        assert [chunk async for chunk in stream] == []
        end.cancel()
        answered.set()

    asyncio.run(listen())
