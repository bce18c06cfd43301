"""What is submitted of the protocol's campaigns, without a server."""

from __future__ import annotations

from typing import Any, cast

import pytest

from api.cli import evidence_campaigns
from api.evidence.campaigns import registered
from densearch.client.client import Client, ClientError


class ScriptedCampaigns:
    """Takes campaigns by their key; each has ended at the second look."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.n_looks = 0

    def submit(self, body: dict[str, Any], key: str) -> dict[str, Any]:
        if body["base"]["task"]["kind"] == "denoising":
            raise ClientError(422, "campaign refused", "no such thing")
        if key not in self.keys:
            self.keys.append(key)
        return {"id": self.keys.index(key) + 1}

    def get(self, campaign_id: int) -> dict[str, Any]:
        self.n_looks += 1
        about = {"id": campaign_id, "name": "c", "base": {}, "matrix": {}, "n_cells": 2}
        return about | {"n_open": 1 if self.n_looks == 1 else 0}

    def report(self, campaign_id: int) -> dict[str, Any]:
        return {"findings": [], "radius": None, "of": campaign_id}


def test_a_campaign_is_submitted_once_and_waited_for_and_what_is_refused_is_recorded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(evidence_campaigns, "POLL_S", 0.0)
    server = ScriptedCampaigns()

    class OnlyCampaigns:
        campaigns = server

    client = cast("Client", OnlyCampaigns())
    for _ in range(2):
        fashion, photos, epochs = evidence_campaigns.records_of(client, registered(), lambda _: 3)
        assert fashion.report == {"findings": [], "radius": None, "of": 1}
        assert (epochs.report or {})["of"] == 2
        assert [one.is_secondary for one in (fashion, photos, epochs)] == [False, False, True]
        assert photos.skipped is not None
        assert "the server refused it (no such thing)" in photos.skipped
    assert len(server.keys) == 2
    gone, *_ = evidence_campaigns.records_of(client, registered(), lambda _: "it is not here")
    assert gone.skipped == "it is not here"
