"""The client against a scripted server: what is sent twice, what is waited for."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx2
import pytest

from densearch.client import client as client_module
from densearch.client import transport
from densearch.client.client import Client, ClientError, UnreachableError
from tests.support.scripted_server import connected


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (client_module, transport):
        monkeypatch.setattr(module, "RETRY_S", 0.0)


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.wait(1),
        lambda client: client.job(1),
        lambda client: client.estimate({}, wait_s=1.0),
        lambda client: client.datasets.built_in(),
        lambda client: client.datasets.show_import(1),
        lambda client: next(client.work(1)),
    ],
    ids=["wait", "job", "estimate", "built-in sets", "import", "ask"],
)
@pytest.mark.parametrize("answered", [{}, {"title": "hello"}, []], ids=str)
def test_an_answer_without_what_is_needed_is_none_of_this_api(
    ask: Callable[[Client], object], answered: object
) -> None:
    with (
        connected(lambda _request: httpx2.Response(200, json=answered)) as client,
        pytest.raises(ClientError, match="is it a densearch server") as refused,
    ):
        ask(client)
    assert refused.value.title == "Not this API"


class TestRequests:
    def test_a_job_whose_answer_is_lost_is_submitted_again_with_the_same_key(self) -> None:
        keys: list[str] = []

        def answer(request: httpx2.Request) -> httpx2.Response:
            keys.append(request.headers["Idempotency-Key"])
            if len(keys) == 1:
                raise httpx2.RemoteProtocolError("server disconnected")
            return httpx2.Response(202, json={"id": 7, **json.loads(request.content)})

        with connected(answer) as client:
            assert dict(client.submit({"name": "a"})) == {"id": 7, "name": "a"}
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
            assert dict(client.clone(7, {"seed": 1})) == {"id": 8}
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

    def test_wait_outlives_a_server_that_is_started_again(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        n_asked = 0

        def answer(_: httpx2.Request) -> httpx2.Response:
            nonlocal n_asked
            n_asked += 1
            if n_asked < 9:
                raise httpx2.ConnectError("refused")
            return httpx2.Response(200, json={"id": 1, "state": "SUCCEEDED"})

        with connected(answer) as client:
            assert client.wait(1)["state"] == "SUCCEEDED"
            n_asked = 0
            monkeypatch.setattr(client_module, "PATIENCE_S", 0.0)
            with pytest.raises(UnreachableError):
                client.wait(1)
