"""The pages of campaigns as plain values, read in one transaction."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from api.dashboard.figures.forest import Forest, forest_of
from api.dashboard.figures.radii import RadiusChart, radii_of
from api.dashboard.json_text import json_text
from service.campaigns.matrix import short
from service.campaigns.report.build import report_of
from service.campaigns.standing import CampaignStanding, standings
from service.jobs import progress
from service.records import Json
from service.settings import Settings
from service.storage import campaigns

CAMPAIGNS_SHOWN = 25
# Rows of the table of cells; the report over REST has all.
CELLS_SHOWN = 300


@dataclass(frozen=True, slots=True)
class CampaignList:
    """A page of the list; `older` is the id to go on below, None on the last page."""

    lines: list[CampaignStanding]
    older: int | None
    is_first: bool


@dataclass(frozen=True, slots=True)
class CampaignPage:
    """Everything on the page of one campaign.

    Attributes:
        lack: Why no dispatcher works on its open jobs; None while one is alive.
    """

    lack: str | None
    standing: CampaignStanding
    report: Json
    forest: Forest | None
    radii: RadiusChart | None

    @property
    def cells(self) -> list[Json]:
        """The first rows of the table of cells."""
        found: list[Json] = self.report["cells"][:CELLS_SHOWN]
        return found

    @property
    def n_more(self) -> int:
        """Cells that the table is without."""
        return max(0, len(self.report["cells"]) - CELLS_SHOWN)

    @property
    def axes(self) -> list[tuple[str, list[Any]]]:
        """The short name and the values of each axis."""
        matrix = self.standing.campaign.matrix
        return [(short(path, matrix), values) for path, values in matrix.items()]

    @property
    def jobs_by_value(self) -> list[tuple[str, int]]:
        """Each path of the matrix, and how many jobs one more value of it makes."""
        matrix = self.standing.campaign.matrix
        n_cells = math.prod(len(values) for values in matrix.values())
        return [(path, n_cells // len(values)) for path, values in matrix.items()]

    @property
    def base_json(self) -> str:
        """The base and the matrix as JSON."""
        campaign = self.standing.campaign
        return json_text({"name": campaign.name, "base": campaign.base, "matrix": campaign.matrix})


def campaign_list(session: Session, before: int | None) -> CampaignList:
    """Read a page of the list of campaigns, newest first."""
    found = campaigns.page(session, limit=CAMPAIGNS_SHOWN + 1, before=before)
    shown = found[:CAMPAIGNS_SHOWN]
    older = shown[-1].id if len(found) > CAMPAIGNS_SHOWN else None
    return CampaignList(standings(session, shown), older, is_first=before is None)


def campaign_page(session: Session, campaign_id: int, settings: Settings) -> CampaignPage:
    """Read the page of a campaign.

    Raises:
        NotFoundError: There is none.
    """
    (standing,) = standings(session, [campaigns.get(session, campaign_id)])
    report = report_of(session, campaign_id)
    radius = report["radius"]
    return CampaignPage(
        lack=progress.lack_of_dispatcher(session, settings) if standing.n_open else None,
        standing=standing,
        report=report,
        forest=forest_of(report),
        radii=radii_of(radius) if radius else None,
    )
