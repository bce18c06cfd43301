"""Runs the campaigns of the protocol on the evidence command's server."""

from __future__ import annotations

import time
from collections.abc import Callable

from api.evidence.campaigns import CampaignRecord, RegisteredCampaign
from densearch.cli.terminal import echo
from densearch.client.client import Client, ClientError, Json
from service import digest

POLL_S = 5.0
# A line where nothing is watched live.
LINE_EVERY_S = 60.0


def records_of(
    client: Client,
    wanted: list[RegisteredCampaign],
    stored: Callable[[str], int | str],
) -> list[CampaignRecord]:
    """Submit all campaigns, then wait for one after the other.

    Args:
        client: Of a server; campaigns that it has from an earlier run are taken.
        wanted: The protocol's.
        stored: Stores a data set by its name; returns its id, or why there is none.
    """
    submitted = [(one, _submitted(client, one, stored)) for one in wanted]
    return [
        CampaignRecord(one.name, one.task, skipped=made, is_secondary=one.is_secondary)
        if isinstance(made, str)
        else _ended(client, one, made)
        for one, made in submitted
    ]


def _submitted(
    client: Client, one: RegisteredCampaign, stored: Callable[[str], int | str]
) -> Json | str:
    dataset = stored(one.data) if one.data is not None else None
    if isinstance(dataset, str):
        return dataset
    body = one.body_on(dataset)
    try:
        return client.campaigns.submit(body, f"evidence-{digest.digest_of(body)}")
    except ClientError as error:
        return f"the server refused it ({error})"


def _ended(client: Client, one: RegisteredCampaign, made: Json) -> CampaignRecord:
    """Wait until no job of a campaign is open, with a line now and then."""
    said_at = -LINE_EVERY_S
    while (found := client.campaigns.get(made["id"]))["n_open"]:
        if time.monotonic() - said_at >= LINE_EVERY_S:
            said_at = time.monotonic()
            echo(f"{one.name}: {found['n_cells'] - found['n_open']} of {found['n_cells']} jobs")
        time.sleep(POLL_S)
    report = client.campaigns.report(made["id"])
    echo(f"{one.name}: {(report['findings'] or ['nothing is shown'])[0]}")
    campaign = {name: found[name] for name in ("name", "base", "matrix")}
    return CampaignRecord(
        one.name, one.task, campaign, report=report, is_secondary=one.is_secondary
    )
