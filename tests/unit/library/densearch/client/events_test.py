"""Streams of events that break, against a scripted server."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest

from densearch.client import client as client_module
from densearch.client import events, transport
from densearch.client.client import ClientError, Event, UnreachableError
from tests.support.scripted_server import connected


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (events, transport):
        monkeypatch.setattr(module, "RETRY_S", 0.0)


def frames(*numbers: int) -> bytes:
    return b"".join(
        f'id: {n}\nevent: trial\ndata: {{"id": {n}}}\n\n: keep-alive\n\n'.encode() for n in numbers
    )


class Breaking(httpx2.SyncByteStream):
    """A body that ends in the middle."""

    def __init__(self, start: bytes) -> None:
        self._start = start

    def __iter__(self) -> Iterator[bytes]:
        yield self._start
        raise httpx2.ReadError("connection reset")


class TestEvents:
    def test_a_broken_stream_is_resumed_after_the_last_event(self) -> None:
        last_ids: list[str] = []

        def answer(request: httpx2.Request) -> httpx2.Response:
            kind = {"Content-Type": "text/event-stream"}
            if not request.url.path.endswith("/events"):
                return httpx2.Response(200, json={"state": "SUCCEEDED"})
            last_ids.append(request.headers["Last-Event-ID"])
            if len(last_ids) == 1:
                return httpx2.Response(200, headers=kind, stream=Breaking(frames(1, 2)))
            return httpx2.Response(200, headers=kind, content=frames(3))

        with connected(answer) as client:
            assert list(client.events(5)) == [Event(n, "trial", {"id": n}) for n in (1, 2, 3)]
        assert last_ids == ["0", "2"]

    def test_a_stream_that_ends_early_is_asked_for_again(self) -> None:
        states = iter(["RUNNING", "CANCELLED"])
        n_streams = 0

        def answer(request: httpx2.Request) -> httpx2.Response:
            nonlocal n_streams
            if not request.url.path.endswith("/events"):
                return httpx2.Response(200, json={"state": next(states)})
            n_streams += 1
            kind = {"Content-Type": "text/event-stream"}
            return httpx2.Response(200, headers=kind, content=frames(n_streams))

        with connected(answer) as client:
            assert [event.id for event in client.events(5)] == [1, 2]

    def test_a_server_that_ends_its_streams_to_start_again_is_waited_for(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(client_module, "RETRY_S", 0.0)
        looks = iter([*(httpx2.ConnectError("refused") for _ in range(9)), "RUNNING", "SUCCEEDED"])
        streams = iter([frames(1), frames(2)])

        def answer(request: httpx2.Request) -> httpx2.Response:
            if request.url.path.endswith("/events"):
                kind = {"Content-Type": "text/event-stream"}
                return httpx2.Response(200, headers=kind, content=next(streams))
            seen = next(looks)
            if isinstance(seen, Exception):
                raise seen
            return httpx2.Response(200, json={"state": seen})

        with connected(answer) as client:
            assert [event.id for event in client.events(5)] == [1, 2]

    def test_a_server_that_stays_away_is_reported(self) -> None:
        def answer(_: httpx2.Request) -> httpx2.Response:
            raise httpx2.ReadError("gone")

        with connected(answer) as client, pytest.raises(UnreachableError, match="gone"):
            next(client.events(5))

    def test_no_such_job_is_not_tried_again(self) -> None:
        n_tries = 0

        def answer(_: httpx2.Request) -> httpx2.Response:
            nonlocal n_tries
            n_tries += 1
            return httpx2.Response(404, json={"title": "Not found", "detail": "no job 5"})

        with connected(answer) as client, pytest.raises(ClientError, match="no job 5"):
            next(client.events(5))
        assert n_tries == 1
