"""The densities of a job on its page: a card for each study and group of layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from service.errors import NotFoundError
from service.jobs import progress
from service.jobs.density_files import Shape, shape_of
from service.records import DensityRecord, Job, Study
from service.states import Role
from service.storage import densities, jobs, studies

ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class DensityCard:
    """A density, and the figures of its shape."""

    study: Study
    density: DensityRecord
    shape: Shape

    @property
    def is_rank_one(self) -> bool:
        """Whether Phi is the product of alpha and beta, up to rounding."""
        return self.shape.residual < ROUNDING

    @property
    def layers(self) -> list[str]:
        """The names of the layers that share it."""
        layers: list[str] = self.density.provenance.get("layers", [])
        return layers

    @property
    def label(self) -> str:
        """Its name in the list: its study, and its group of layers unless that is all."""
        layer = f", {self.density.layer}" if self.density.layer else ""
        role = "" if self.study.role is Role.SEARCH else f" ({self.study.role})"
        return f"{self.study.name}{layer}{role}"


def cards_of(session: Session, job_id: int, own: Sequence[Study]) -> list[DensityCard]:
    """Return the densities of a job's studies: searches first, the best first."""
    by_id = {study.id: study for study in own}
    found = [
        DensityCard(by_id[record.study_id], record, shape_of(record))
        for record in densities.of_job(session, job_id)
    ]
    return sorted(found, key=_order)


def _order(card: DensityCard) -> tuple[bool, float, int, int]:
    study = card.study
    return study.role is not Role.SEARCH, study.best_value or 0.0, study.place, card.density.id


def chosen(
    cards: Sequence[DensityCard], density_id: int | None, best: Study | None
) -> DensityCard | None:
    """Return the requested card, else that of the `best` study, else the first."""
    for card in cards:
        if card.density.id == density_id:
            return card
    mine = [card for card in cards if best is not None and card.study.id == best.id]
    return next(iter(mine or cards), None)


def shown_first(job: Job, own: Sequence[Study]) -> Study | None:
    """Return the study whose density a job is about: the one in question, else the best search."""
    name = (((job.report or {}).get("answer") or {}).get("question") or {}).get("arm")
    return next((study for study in own if study.name == name), progress.leading(job, own))


def density_of(session: Session, job_id: int, density_id: int | None) -> DensityRecord:
    """Return a density of a job, that of `shown_first` when None is named.

    Raises:
        NotFoundError: There is none (yet).
    """
    job, own = jobs.get(session, job_id), studies.of_job(session, job_id)
    card = chosen(cards_of(session, job_id, own), density_id, shown_first(job, own))
    if card is None or density_id not in (None, card.density.id):
        raise NotFoundError("density", density_id or job_id)
    return card.density
