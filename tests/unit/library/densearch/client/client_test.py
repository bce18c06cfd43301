"""The client against a scripted server: what is sent twice, broken streams."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx2
import pytest

from densearch.client import client as client_module
from densearch.client import transport
from densearch.client.client import ClientError, Event, UnreachableError
from tests.support.scripted_server import connected


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (client_module, transport):
        monkeypatch.setattr(module, "RETRY_S", 0.0)


class TestRequests:
    def test_a_job_whose_answer_is_lost_is_submitted_again_with_the_same_key(self) -> None:
        keys: list[str] = []

        def answer(request: httpx2.Request) -> httpx2.Response:
            keys.append(request.headers["Idempotency-Key"])
            if len(keys) == 1:
                raise httpx2.RemoteProtocolError("server disconnected")
            return httpx2.Response(202, json={"id": 7, **json.loads(request.content)})

        with connected(answer) as client:
            assert client.submit({"name": "a"}) == {"id": 7, "name": "a"}
            client.submit({"name": "a"})
        assert keys[0] == keys[1]
        assert keys[2] != keys[0], "two submissions are two jobs"

    def test_a_clone_is_sent_again_with_its_key_and_an_extension_is_sent_once(self) -> None:
        sent: list[tuple[str, str | None, object]] = []

        def answer(request: httpx2.Request) -> httpx2.Response:
            key = request.headers.get("Idempotency-Key")
            sent.append((request.url.path, key, json.loads(request.content or b"null")))
            if len(sent) == 1 or request.url.path != "/v1/jobs/7/clone":
                raise httpx2.ReadError("server disconnected")
            return httpx2.Response(202, json={"id": 8})

        with connected(answer) as client:
            assert client.clone(7, {"seed": 1}) == {"id": 8}
            assert sent[0] == sent[1] == ("/v1/jobs/7/clone", sent[0][1], {"seed": 1})
            assert sent[0][1]
            client.clone(7)
            assert sent[2][2] == {}
            # Repeated orders would be refused although the first one was carried out.
            with pytest.raises(UnreachableError, match="disconnected"):
                client.extend(7, 40)
            with pytest.raises(UnreachableError, match="disconnected"):
                client.retry_failed(7)
        assert sent[3:] == [
            ("/v1/jobs/7/extend", None, {"n_trials": 40}),
            ("/v1/jobs/7/retry-failed", None, None),
        ]

    def test_wait_gives_up_after_its_time(self) -> None:
        job = {"id": 1, "state": "RUNNING"}
        with (
            connected(lambda _: httpx2.Response(200, json=job)) as client,
            pytest.raises(TimeoutError, match="RUNNING"),
        ):
            client.wait(1, timeout_s=0.0, poll_s=0.0)


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
