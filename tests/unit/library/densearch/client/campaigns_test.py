"""The calls about campaigns, against a scripted server."""

from __future__ import annotations

import httpx2
import pytest

from tests.support.scripted_server import connected


def test_a_campaign_is_submitted_once_and_measured_until_it_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    states, keys = iter(["measuring", "ready"]), []

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/estimate"):
            state = next(states)
            return httpx2.Response(202, json={"state": state}, headers={"Retry-After": "2"})
        keys.append(request.headers["Idempotency-Key"])
        return httpx2.Response(202, json={"id": len(keys)})

    with connected(answer) as client:
        assert client.campaigns.estimate({}, wait_s=60.0)["state"] == "ready"
        assert [client.campaigns.submit({}, "a")["id"], client.campaigns.submit({})["id"]] == [
            1,
            2,
        ]
    assert slept == [2.0]
    assert keys[0] == "a" != keys[1]
