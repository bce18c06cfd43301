"""The campaigns of the protocol: the best radius of a density by data and network."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from api.evidence import run_files
from api.evidence.protocol import SPECS

VERSION = 1
REGISTERED = SPECS / "campaign.json"


@dataclass(frozen=True, slots=True)
class RegisteredCampaign:
    """A campaign of the protocol.

    Attributes:
        name: Such as "fashion"; unique.
        task: For people.
        data: The data set that is stored for it, see `api.evidence.sources`; None if built in.
        campaign: As it is submitted; with `data`, the data set's name is filled in.
        is_secondary: Whether it stands next to the others and answers nothing alone.
    """

    name: str
    task: str
    data: str | None
    campaign: Mapping[str, Any]
    is_secondary: bool = False

    def body_on(self, dataset_id: int | None) -> dict[str, Any]:
        """Return what is submitted, on the stored data set of this id."""
        if dataset_id is None:
            return dict(self.campaign)
        base = self.campaign["base"]
        task = {**base["task"], "dataset": f"stored:{dataset_id}"}
        return {**self.campaign, "base": {**base, "task": task}}


def registered() -> list[RegisteredCampaign]:
    """Return the campaigns of the protocol, in the order in which they are run.

    Raises:
        OSError: The protocol is not part of this installation.
    """
    found = json.loads(REGISTERED.read_text(encoding="utf-8"))
    return [RegisteredCampaign(**one) for one in found["campaigns"]]


@dataclass(frozen=True, slots=True)
class CampaignRecord:
    """A campaign with what it gave.

    Attributes:
        name: See `RegisteredCampaign`.
        task: Likewise.
        campaign: As it was submitted; None where nothing was.
        skipped: Why there is no report; None where there is one.
        report: Of the campaign, once all of its jobs have ended.
        is_secondary: See `RegisteredCampaign`.
    """

    name: str
    task: str
    campaign: Mapping[str, Any] | None = None
    skipped: str | None = None
    report: Mapping[str, Any] | None = None
    is_secondary: bool = False


@dataclass(frozen=True, slots=True)
class CampaignRun:
    """A run of the protocol's campaigns.

    Attributes:
        machine: Processor and cores, for people.
        versions: Of all code that determines a training's result, by name.
        campaigns: In the protocol's order.
    """

    machine: str
    versions: Mapping[str, Any]
    campaigns: Sequence[CampaignRecord]


def save(run: CampaignRun, path: Path) -> None:
    """Write a run as JSON."""
    run_files.save(asdict(run), VERSION, path)


def load(path: Path) -> CampaignRun:
    """Read what `save` wrote; raises as `run_files.load`."""
    found = run_files.load(VERSION, path)
    campaigns = [CampaignRecord(**one) for one in found.pop("campaigns")]
    return CampaignRun(**found, campaigns=campaigns)
