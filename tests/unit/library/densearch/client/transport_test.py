"""Requests: how lists are read, what a refusal names, when a request is repeated."""

from __future__ import annotations

import httpx2
import pytest

from densearch.client import transport
from densearch.client.client import Client
from densearch.client.transport import N_TRIES, ClientError, UnreachableError
from tests.support.scripted_server import connected


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "RETRY_S", 0.0)


def test_pages_are_followed_by_their_link() -> None:
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


def test_a_problem_names_every_field() -> None:
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
def test_another_program_on_the_port_is_recognised(status: int) -> None:
    with (
        connected(lambda _: httpx2.Response(status, text="<html>hello")) as client,
        pytest.raises(ClientError, match="is it a densearch server"),
    ):
        client.job(1)


def test_no_server_names_the_url_and_the_remedy() -> None:
    def answer(_: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused")

    with (
        connected(answer) as client,
        pytest.raises(UnreachableError, match=r"http://server .*densearch serve"),
    ):
        client.job(1)


@pytest.mark.parametrize(
    ("lost", "n_tries"),
    [(httpx2.RemoteProtocolError("cut"), N_TRIES), (httpx2.ReadTimeout("slow"), 1)],
)
def test_a_lost_answer_is_asked_for_again_a_slow_one_is_not(
    lost: httpx2.TransportError, n_tries: int
) -> None:
    n_sent = 0

    def answer(_: httpx2.Request) -> httpx2.Response:
        nonlocal n_sent
        n_sent += 1
        raise lost

    with connected(answer) as client, pytest.raises(UnreachableError):
        client.job(1)
    assert n_sent == n_tries


def test_an_address_that_is_none_is_a_sentence() -> None:
    with pytest.raises(UnreachableError, match="server:port' is no address of a server"):
        Client("http://server:port")


def test_a_reason_is_never_empty() -> None:
    assert transport.reason_of(httpx2.ReadError("")) == "ReadError"
    assert transport.reason_of(httpx2.ReadError("cut")) == "cut"


@pytest.mark.parametrize(
    ("status", "may_pass"), [(422, False), (429, False), (500, True), (503, True)]
)
def test_what_a_server_lacks_may_pass_and_what_is_refused_stays(
    status: int, may_pass: bool
) -> None:
    assert ClientError(status, "x", "y").may_pass is may_pass
    assert UnreachableError("http://server", "refused").may_pass


def test_the_token_goes_with_every_request(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str | None] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(request.headers.get("authorization"))
        return httpx2.Response(200, json={"items": []})

    network = httpx2.MockTransport(answer)
    monkeypatch.setenv("DENSEARCH_TOKEN", "of-the-environment")
    for token in (None, "of-the-program-0", ""):
        with Client("http://server", token=token, transport=network) as client:
            assert list(client.jobs()) == []
    assert sent == ["Bearer of-the-environment", "Bearer of-the-program-0", None]


def test_a_token_that_cannot_be_one_is_refused_before_any_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DENSEARCH_TOKEN", "short-secret")
    with pytest.raises(ClientError, match=r"^DENSEARCH_TOKEN has 12 characters") as refused:
        Client("http://server")
    assert "short-secret" not in str(refused.value)


BUSY = {"title": "The database is not available", "status": 503, "detail": "the database: busy"}


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []
    monkeypatch.setattr("time.sleep", found.append)
    return found


def test_a_read_and_a_submission_wait_as_long_as_the_server_says(slept: list[float]) -> None:
    waits = iter(["2", "3", None, "4", None])

    def answer(_: httpx2.Request) -> httpx2.Response:
        wait = next(waits)
        if wait is None:
            return httpx2.Response(200, json={"id": 1, "state": "QUEUED"})
        return httpx2.Response(503, json=BUSY, headers={"Retry-After": wait})

    with connected(answer) as client:
        assert client.job(1)["id"] == client.submit({})["id"] == 1
    assert slept == [2.0, 3.0, 4.0]


def test_a_server_that_stays_busy_is_reported_with_its_word(slept: list[float]) -> None:
    headers = {"Retry-After": "5"}
    with (
        connected(lambda _: httpx2.Response(503, json=BUSY, headers=headers)) as client,
        pytest.raises(ClientError, match="busy") as caught,
    ):
        client.job(1)
    assert caught.value.retry_after_s == 5.0
    assert slept == [5.0] * (N_TRIES - 1)


def test_an_order_is_sent_once(slept: list[float]) -> None:
    sent: list[str] = []

    def busy(request: httpx2.Request) -> httpx2.Response:
        sent.append(f"{request.method} {request.url.path}")
        return httpx2.Response(503, json=BUSY, headers={"Retry-After": "0"})

    with connected(busy) as client:
        for order in (client.pause, client.resume, client.cancel, client.retry_failed):
            with pytest.raises(ClientError, match="busy"):
                order(1)
        with pytest.raises(ClientError, match="busy"):
            client.annotate(1, note="x")
    assert len(sent) == 5
    assert slept == []


def test_an_estimate_is_asked_for_again_while_it_is_measured(slept: list[float]) -> None:
    states = iter(["measuring", "measuring", "ready", "measuring"])

    def answer(_: httpx2.Request) -> httpx2.Response:
        state = next(states)
        is_ready = state == "ready"
        headers = {} if is_ready else {"Retry-After": "2"}
        return httpx2.Response(200 if is_ready else 202, json={"state": state}, headers=headers)

    with connected(answer) as client:
        assert client.estimate({}, wait_s=60.0)["state"] == "ready"
        assert client.estimate({})["state"] == "measuring"
    assert slept == [2.0, 2.0]


def test_the_address_is_the_arguments_else_the_environments(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("DENSEARCH_URL", raising=False)
    assert Client().url == "http://127.0.0.1:8080"
    monkeypatch.setenv("DENSEARCH_URL", "http://lab:9/")
    assert (Client().url, Client("http://other").url) == ("http://lab:9", "http://other")


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"null", b"[1]", b'"x"', b"[" * 100_000, b'{"id": "\xff"}', b'{"items": 3}'],
)
def test_an_answer_of_another_server_is_a_sentence(body: bytes) -> None:
    with connected(lambda _: httpx2.Response(200, content=body)) as client:
        with pytest.raises(ClientError, match="is it a densearch server"):
            list(client.jobs())
        if not body.startswith(b'{"items'):
            with pytest.raises(ClientError, match="is it a densearch server"):
                client.job(1)


def test_a_redirect_and_what_cannot_be_unpacked_are_sentences(slept: list[float]) -> None:
    moved = httpx2.Response(302, headers={"Location": "https://lab/v1/jobs/1"})
    with connected(lambda _: moved) as client, pytest.raises(ClientError, match="leads to https:"):
        client.job(1)

    def packed(_: httpx2.Request) -> httpx2.Response:
        stream = httpx2.ByteStream(b"no gzip")
        return httpx2.Response(200, headers={"Content-Encoding": "gzip"}, stream=stream)

    with connected(packed) as client, pytest.raises(UnreachableError, match="decompressing"):
        client.job(1)
    assert len(slept) == N_TRIES - 1


def test_a_request_that_fits_into_no_address_is_no_missing_server() -> None:
    with (
        connected(lambda _: httpx2.Response(500)) as client,
        pytest.raises(ClientError, match="cannot be asked for") as refused,
    ):
        list(client.jobs(text="x" * 100_000))
    assert not isinstance(refused.value, UnreachableError)
    assert not refused.value.may_pass
