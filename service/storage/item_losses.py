"""Queries on the test losses of items, which are stored once for each digest of a training.

They are a function of the digest, as the result is. A trial that reuses a result has those of its
source, and they are removed with the last trial of their digest.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from service.item_losses import ItemLosses
from service.states import Phase
from service.storage.statements import insert_into, key_chunks
from service.storage.tables import ItemLossesRow, StudyRow, TrialRow


@dataclass(frozen=True, slots=True)
class JudgedTraining:
    """A final training: the name of its arm, the index of its seed, its digest."""

    arm: str
    seed: int
    digest: str


def put(session: Session, digest: str, items: ItemLosses) -> None:
    """Store the losses of a training; those that its digest has already stay."""
    losses, groups = items.packed()
    row = {"digest": digest, "n_items": items.n_items, "losses": losses, "groups": groups}
    session.execute(insert_into(session, ItemLossesRow).values(row).on_conflict_do_nothing())


def counts(session: Session, digests: Collection[str]) -> dict[str, int]:
    """Return the number of items of each of these trainings that has any."""
    found: dict[str, int] = {}
    for some in key_chunks(digests):
        query = select(ItemLossesRow.digest, ItemLossesRow.n_items)
        rows = session.execute(query.where(ItemLossesRow.digest.in_(some)))
        found |= {row.digest: row.n_items for row in rows}
    return found


def get(session: Session, digest: str) -> ItemLosses | None:
    """Return the losses of a training, None where none were kept."""
    row = session.get(ItemLossesRow, digest)
    return None if row is None else ItemLosses.unpacked(row.n_items, row.losses, row.groups)


def judged(session: Session, job_id: int) -> list[JudgedTraining]:
    """Return a job's final trainings whose losses of items were kept, by arm and seed."""
    query = (
        select(StudyRow.name, TrialRow.number, TrialRow.digest)
        .join(StudyRow, StudyRow.id == TrialRow.study_id)
        .join(ItemLossesRow, ItemLossesRow.digest == TrialRow.digest)
        .where(
            TrialRow.job_id == job_id,
            TrialRow.phase == Phase.EVALUATION,
            TrialRow.number.is_not(None),
            ItemLossesRow.losses.is_not(None),
        )
        .order_by(StudyRow.place, TrialRow.number)
    )
    return [JudgedTraining(arm, seed or 0, digest) for arm, seed, digest in session.execute(query)]


def remove_unused(session: Session, digests: Collection[str]) -> None:
    """Remove the losses of those of these trainings that no trial names any more."""
    for some in key_chunks(set(digests)):
        named = select(TrialRow.digest).where(TrialRow.digest.in_(some))
        gone = delete(ItemLossesRow).where(
            ItemLossesRow.digest.in_(some), ItemLossesRow.digest.not_in(named)
        )
        session.execute(gone.execution_options(synchronize_session=False))
