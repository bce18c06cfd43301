"""The page of a job with the best density of every study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from api.dashboard.figures.heatmaps import plane, spread_of
from api.dashboard.pages.density_cards import DensityCard, cards_of
from api.dashboard.pages.job_head import JobHead, head_of


@dataclass(frozen=True, slots=True)
class DensityTile:
    """A density as a small picture: Phi as `rows`, its central slice in 3-D."""

    card: DensityCard
    rows: list[list[float]]


@dataclass(frozen=True, slots=True)
class DensitiesTab:
    """What the page of the densities shows: all on one scale."""

    head: JobHead
    tiles: Sequence[DensityTile]

    @property
    def spread(self) -> float:
        """How far they lie from 1 at most."""
        return spread_of(tile.rows for tile in self.tiles)


def densities_tab(session: Session, job_id: int) -> DensitiesTab:
    """Read the page of a job's densities.

    Raises:
        NotFoundError: There is no such job.
    """
    head = head_of(session, job_id)
    cards = cards_of(session, job_id, head.studies)
    return DensitiesTab(head, [DensityTile(card, plane(card.density)) for card in cards])
