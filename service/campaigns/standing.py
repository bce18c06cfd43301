"""Where a campaign stands: how many of its cells are in each state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from service.states import JobState
from service.storage import campaigns
from service.storage.campaigns import Campaign
from service.storage.jobs import WORKING

# Counts the cells whose jobs users have deleted.
DELETED = "DELETED"


@dataclass(frozen=True, slots=True)
class CampaignStanding:
    """A campaign with the states of its cells.

    Attributes:
        counts: Cells by the state of their job, in the order of the states; those without a job
            as `DELETED`.
        n_cells: All cells.
        n_open: Those whose jobs have not ended.
    """

    campaign: Campaign
    counts: dict[str, int]
    n_cells: int
    n_open: int

    @property
    def fraction(self) -> float:
        """Share of the cells whose jobs have ended, in [0, 1]."""
        return 1.0 - self.n_open / self.n_cells if self.n_cells else 1.0


def standings(session: Session, found: Sequence[Campaign]) -> list[CampaignStanding]:
    """Count the cells of campaigns by state."""
    counts = campaigns.counts(session, [one.id for one in found])
    return [_standing(one, counts[one.id]) for one in found]


def _standing(campaign: Campaign, by_state: dict[JobState | None, int]) -> CampaignStanding:
    named = {state.value: by_state[state] for state in JobState if by_state.get(state)}
    n_deleted = by_state.get(None, 0)
    return CampaignStanding(
        campaign=campaign,
        counts=named | ({DELETED: n_deleted} if n_deleted else {}),
        n_cells=sum(by_state.values()),
        n_open=sum(by_state.get(state, 0) for state in WORKING),
    )
