"""The client against a scripted server: pages, problems, lost answers, broken streams."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import httpx2
import pytest

from densearch.client import client as client_module
from densearch.client import transport
from densearch.client.client import Client, ClientError, Event, UnreachableError

Handler = Callable[[httpx2.Request], httpx2.Response]


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (client_module, transport):
        monkeypatch.setattr(module, "RETRY_S", 0.0)


def connected(handler: Handler) -> Client:
    return Client("http://server", transport=httpx2.MockTransport(handler))


class TestRequests:
    def test_pages_are_followed_by_their_link(self) -> None:
        asked: list[str] = []

        def answer(request: httpx2.Request) -> httpx2.Response:
            asked.append(str(request.url))
            if "cursor" in request.url.params:
                return httpx2.Response(200, json={"items": [{"id": 1}]})
            link = '<http://server/v1/jobs?cursor=2&limit=200>; rel="next"'
            items = {"items": [{"id": 3}, {"id": 2}]}
            return httpx2.Response(200, json=items, headers={"Link": link})

        with connected(answer) as client:
            assert [job["id"] for job in client.jobs(state="RUNNING")] == [3, 2, 1]
        assert len(asked) == 2
        assert "state=RUNNING" in asked[0]
        assert "name" not in asked[0]

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

    def test_a_problem_names_every_field(self) -> None:
        problem = {
            "type": "/problems/invalid-spec",
            "title": "The spec is refused",
            "status": 422,
            "detail": "two fields are wrong",
            "errors": [
                {"pointer": "/budget/n_trials", "detail": "must be at least 1"},
                {"parameter": "limit", "in": "query", "detail": "must be a number"},
            ],
        }
        with (
            connected(lambda _: httpx2.Response(422, json=problem)) as client,
            pytest.raises(ClientError, match="two fields are wrong") as caught,
        ):
            client.submit({})
        assert caught.value.status == 422
        assert [fault.pointer for fault in caught.value.faults] == ["/budget/n_trials", "limit"]

    @pytest.mark.parametrize("status", [200, 502])
    def test_another_program_on_the_port_is_recognised(self, status: int) -> None:
        with (
            connected(lambda _: httpx2.Response(status, text="<html>hello")) as client,
            pytest.raises(ClientError, match="is it a densearch server"),
        ):
            client.job(1)

    def test_no_server_names_the_url_and_the_remedy(self) -> None:
        def answer(_: httpx2.Request) -> httpx2.Response:
            raise httpx2.ConnectError("refused")

        with (
            connected(answer) as client,
            pytest.raises(UnreachableError, match=r"http://server .*densearch serve"),
        ):
            client.job(1)

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
