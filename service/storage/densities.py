"""Queries on densities, evaluations and artifacts: the results of a job."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from service import clock
from service.errors import NotFoundError
from service.records import Artifact, DensityRecord, EvaluationRecord
from service.storage.jobs import deleted
from service.storage.rows import to_value
from service.storage.tables import ArtifactRow, DensityRow, EvaluationRow

Values = Mapping[str, Any]


def put_all(session: Session, study_id: int, rows: Sequence[Values]) -> None:
    """Store the densities of a study, one for each group of layers, in place of those it had."""
    query = select(DensityRow).where(DensityRow.study_id == study_id)
    stored = {found.layer: found for found in session.scalars(query)}
    for row in rows:
        known = stored.pop(str(row["layer"]), None)
        _write(session, DensityRow() if known is None else known, row)
    for gone in stored.values():
        session.delete(gone)


def _write(session: Session, stored: DensityRow | ArtifactRow, row: Values) -> None:
    """Set the columns of a new or an earlier row, and its time."""
    for name, value in {**row, "created_at": clock.now()}.items():
        setattr(stored, name, value)
    session.add(stored)
    session.flush()


def get(session: Session, density_id: int) -> DensityRecord:
    """Return a density.

    Raises:
        NotFoundError: There is none.
    """
    query = select(DensityRow).where(
        DensityRow.id == density_id, DensityRow.job_id.not_in(deleted())
    )
    row = session.scalars(query).one_or_none()
    if row is None:
        raise NotFoundError("density", density_id)
    return to_value(DensityRecord, row)


def are_kept(session: Session, density_ids: Collection[int]) -> bool:
    """Whether none of these densities was deleted."""
    wanted = set(density_ids)
    query = select(func.count()).where(
        DensityRow.id.in_(wanted), DensityRow.job_id.not_in(deleted())
    )
    return session.scalar(query) == len(wanted)


def of_job(session: Session, job_id: int) -> list[DensityRecord]:
    """Return a job's densities, those of each study that has a completed trial, by study.

    Not by id: which study was first to have a result depends on timing.
    """
    query = (
        select(DensityRow)
        .where(DensityRow.job_id == job_id)
        .order_by(DensityRow.study_id, DensityRow.id)
    )
    return [to_value(DensityRecord, row) for row in session.scalars(query)]


def insert_evaluations(session: Session, rows: Sequence[Values]) -> None:
    """Store which trial evaluates which study with which seed."""
    session.add_all([EvaluationRow(**row, created_at=clock.now()) for row in rows])
    session.flush()


def forget_evaluations(session: Session, job_id: int) -> None:
    """Remove the entries of a job's evaluation: its trials will be selected again."""
    session.execute(delete(EvaluationRow).where(EvaluationRow.job_id == job_id))


def evaluations(session: Session, job_id: int) -> list[EvaluationRecord]:
    """Return a job's evaluations by study and seed."""
    query = (
        select(EvaluationRow)
        .where(EvaluationRow.job_id == job_id)
        .order_by(EvaluationRow.study_id, EvaluationRow.seed_index)
    )
    return [to_value(EvaluationRecord, row) for row in session.scalars(query)]


def put_artifact(session: Session, row: Values) -> Artifact:
    """Store an artifact's entry, in place of one of the same job and name."""
    query = select(ArtifactRow).where(
        ArtifactRow.job_id == row["job_id"], ArtifactRow.name == row["name"]
    )
    stored = session.scalars(query).one_or_none() or ArtifactRow()
    _write(session, stored, row)
    return to_value(Artifact, stored)


def artifacts(session: Session, job_id: int) -> list[Artifact]:
    """Return a job's artifacts by name."""
    query = select(ArtifactRow).where(ArtifactRow.job_id == job_id).order_by(ArtifactRow.name)
    return [to_value(Artifact, row) for row in session.scalars(query)]


def artifacts_of_trial(session: Session, trial_id: int) -> list[Artifact]:
    """Return the artifacts that a trial made."""
    query = select(ArtifactRow).where(ArtifactRow.trial_id == trial_id)
    return [to_value(Artifact, row) for row in session.scalars(query)]


def get_artifact(session: Session, artifact_id: int) -> Artifact:
    """Return an artifact's entry.

    Raises:
        NotFoundError: There is none.
    """
    query = select(ArtifactRow).where(
        ArtifactRow.id == artifact_id, ArtifactRow.job_id.not_in(deleted())
    )
    row = session.scalars(query).one_or_none()
    if row is None:
        raise NotFoundError("artifact", artifact_id)
    return to_value(Artifact, row)
