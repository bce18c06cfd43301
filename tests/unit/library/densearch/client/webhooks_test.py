"""The client's calls about webhooks: what is sent, and that nothing with a secret is repeated."""

from __future__ import annotations

import json

import httpx2
import pytest

from densearch.client.client import UnreachableError
from tests.support.scripted_server import connected

OWN = "whsec_x"


def test_each_call_has_its_method_address_and_body() -> None:
    sent: list[tuple[str, str, object]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content) if request.content else None
        sent.append((request.method, request.url.path, body))
        return httpx2.Response(200, json={"items": []})

    with connected(answer) as client:
        client.webhooks.put("chat", "https://a.example/")
        client.webhooks.put("chat", "https://a.example/", ["job.failed"], secret=OWN)
        assert client.webhooks.all() == []
        client.webhooks.get("chat")
        client.webhooks.test("chat")
        client.webhooks.rotate("chat")
        assert list(client.webhooks.deliveries("chat")) == []
        client.webhooks.delete("chat")
    base, url = "/v1/webhooks", {"id": "chat", "url": "https://a.example/"}
    assert sent == [
        ("PUT", base, url),
        ("PUT", base, {**url, "events": ["job.failed"], "secret": OWN}),
        ("GET", base, None),
        ("GET", f"{base}/chat", None),
        ("POST", f"{base}/chat/test", None),
        ("POST", f"{base}/chat/secret", {}),
        ("GET", f"{base}/chat/deliveries", None),
        ("DELETE", f"{base}/chat", None),
    ]


def test_an_answer_with_a_secret_that_is_lost_is_not_asked_for_again() -> None:
    n_sent = 0

    def lost(request: httpx2.Request) -> httpx2.Response:
        nonlocal n_sent
        n_sent += 1
        raise httpx2.ReadError("lost", request=request)

    with connected(lost) as client:
        with pytest.raises(UnreachableError):
            client.webhooks.put("a", "b")
        with pytest.raises(UnreachableError):
            client.webhooks.rotate("a")
    assert n_sent == 2
