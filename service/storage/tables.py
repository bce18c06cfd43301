"""The tables. Only this package and the migrations see rows; other code sees service.records.

JSON columns hold what is read and written whole (specs, points, metrics); whatever is filtered,
joined or ordered by has a column of its own. Every reference begins an index or a key: where a
row is removed, the database looks for those that refer to it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, get_args, get_type_hints

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    select,
)
from sqlalchemy.orm import Mapped, column_property, mapped_column
from sqlalchemy.types import TypeEngine

from service.records import TrialResult
from service.states import Role
from service.storage import campaign_tables, trainer_tables, webhook_tables
from service.storage.declarative import Base, Key

# Replaces the state once a user has deleted the job: its rows are being removed, and only the
# queries of service.storage.deletion see it.
DELETED = "DELETED"
# Of trials: PostgreSQL refuses to compare its column with a larger one.
LARGEST_NUMBER = 2**31 - 1


class JobRow(Base):
    """A job: its spec, its state, and the lease of the dispatcher that runs it."""

    __tablename__ = "jobs"
    __table_args__ = (Index(None, "state", "id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(16))
    spec: Mapped[dict[str, Any]]
    report: Mapped[dict[str, Any] | None]
    error: Mapped[dict[str, Any] | None]
    waits_for: Mapped[str | None] = mapped_column(Text)
    lease_owner: Mapped[str | None] = mapped_column(String(100))
    lease_fence: Mapped[int] = mapped_column(Integer, default=0)
    lease_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    worked_s: Mapped[float] = mapped_column(default=0.0)
    working_since: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(Text, default="")


class JobTagRow(Base):
    """A tag that a user gave a job."""

    __tablename__ = "job_tags"
    __table_args__ = (Index(None, "tag"),)

    job_id: Mapped[int] = mapped_column(
        Key, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True
    )
    tag: Mapped[str] = mapped_column(String(50), primary_key=True)


class StudyRow(Base):
    """One study of a job: a sampler's search or a control."""

    __tablename__ = "studies"
    __table_args__ = (UniqueConstraint("job_id", "name"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    job_id: Mapped[int] = mapped_column(Key, ForeignKey("jobs.id", ondelete="CASCADE"))
    place: Mapped[int] = mapped_column(Integer)
    name: Mapped[str] = mapped_column(String(100))
    role: Mapped[str] = mapped_column(String(16))
    sampler: Mapped[str] = mapped_column(String(100))
    repeat: Mapped[int] = mapped_column(Integer)
    n_trials: Mapped[int] = mapped_column(Integer)
    seed: Mapped[int] = mapped_column(BigInteger)
    is_finished: Mapped[bool]
    stopped_at: Mapped[int | None] = mapped_column(Integer)
    best_trial_id: Mapped[int | None] = mapped_column(Key)
    best_value: Mapped[float | None]
    stopped_by: Mapped[str | None] = mapped_column(String(16))
    fault: Mapped[str | None] = mapped_column(Text)
    search_version: Mapped[int] = mapped_column(Integer)


class TrialRow(Base):
    """One evaluation of one point; `_add_result_columns` adds the columns of its result."""

    __tablename__ = "trials"
    __table_args__ = (
        UniqueConstraint("study_id", "phase", "number"),
        Index(None, "job_id", "phase", "id"),
        Index(None, "job_id", "state", "id"),
        # Covers the counts of progress.
        Index(None, "job_id", "phase", "state", "cached_from", "number", "certainty"),
        Index(None, "study_id", "id"),
        Index(None, "digest", "state"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    job_id: Mapped[int] = mapped_column(Key, ForeignKey("jobs.id", ondelete="CASCADE"))
    study_id: Mapped[int] = mapped_column(Key, ForeignKey("studies.id", ondelete="CASCADE"))
    phase: Mapped[str] = mapped_column(String(16))
    number: Mapped[int | None] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(16))
    certainty: Mapped[str] = mapped_column(String(16))
    point: Mapped[list[Any]]
    params: Mapped[dict[str, Any]]
    digest: Mapped[str] = mapped_column(String(64))
    payload: Mapped[dict[str, Any]]
    seed: Mapped[int] = mapped_column(BigInteger)
    value: Mapped[float | None]
    is_diverged: Mapped[bool]
    cached_from: Mapped[int | None] = mapped_column(Key)
    n_attempts: Mapped[int] = mapped_column(Integer, default=0)
    error: Mapped[dict[str, Any] | None]
    queued_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


def _add_chosen_from() -> None:
    """Give `StudyRow` the name of the study that its best trial belongs to, if that is a control.

    A speculation's best trial is its search's: that is what it is.
    """
    owner = StudyRow.__table__.alias()
    StudyRow.chosen_from = column_property(
        select(owner.c.name)
        .join(TrialRow, TrialRow.study_id == owner.c.id)
        .where(TrialRow.id == StudyRow.best_trial_id, owner.c.id != StudyRow.id)
        .where(owner.c.role != Role.SEARCH)
        .correlate_except(TrialRow, owner)
        .scalar_subquery()
    )


def _add_result_columns() -> None:
    """Give `TrialRow` a column for each field of a trial's result, of the same name."""
    scalars: dict[type, TypeEngine[Any]]
    scalars = {bool: Boolean(), int: BigInteger(), float: Float(53), str: Text()}
    for name, hint in get_type_hints(TrialResult).items():
        kinds = [scalars[kind] for kind in get_args(hint) if kind in scalars]
        kind = kinds[0] if kinds else JSON(none_as_null=True)
        setattr(TrialRow, name, mapped_column(kind, nullable=True))


_add_result_columns()
_add_chosen_from()


class AttemptRow(Base):
    """One attempt at a trial. A result that comes after it was given up is stored only here."""

    __tablename__ = "attempts"
    __table_args__ = (UniqueConstraint("trial_id", "number"), Index(None, "job_id", "state"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    job_id: Mapped[int] = mapped_column(Key, ForeignKey("jobs.id", ondelete="CASCADE"))
    trial_id: Mapped[int] = mapped_column(Key, ForeignKey("trials.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(16))
    dispatcher: Mapped[str] = mapped_column(String(100))
    worker: Mapped[str | None] = mapped_column(String(100))
    value: Mapped[float | None]
    metrics: Mapped[dict[str, Any] | None]
    error: Mapped[dict[str, Any] | None]
    death: Mapped[dict[str, Any] | None]
    is_late: Mapped[bool]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class MeasurementRow(Base):
    """Metrics of a trial after an epoch; a later attempt's epochs replace an earlier one's."""

    __tablename__ = "measurements"

    trial_id: Mapped[int] = mapped_column(
        Key, ForeignKey("trials.id", ondelete="CASCADE"), primary_key=True
    )
    epoch: Mapped[int] = mapped_column(Integer, primary_key=True)
    attempt_id: Mapped[int] = mapped_column(Key)
    metrics: Mapped[dict[str, Any]]
    elapsed_s: Mapped[float]
    measured_at: Mapped[datetime]


class DensityRow(Base):
    """A density as arrays, with its provenance."""

    __tablename__ = "densities"
    __table_args__ = (
        UniqueConstraint("study_id", "layer"),
        Index(None, "job_id", "id"),
        Index(None, "trial_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    job_id: Mapped[int] = mapped_column(Key, ForeignKey("jobs.id", ondelete="CASCADE"))
    study_id: Mapped[int] = mapped_column(Key, ForeignKey("studies.id", ondelete="CASCADE"))
    trial_id: Mapped[int] = mapped_column(Key, ForeignKey("trials.id", ondelete="CASCADE"))
    layer: Mapped[str] = mapped_column(String(200))
    family: Mapped[str] = mapped_column(String(40))
    kernel_size: Mapped[int] = mapped_column(Integer)
    n_dims: Mapped[int] = mapped_column(Integer)
    vector: Mapped[list[Any]]
    alpha: Mapped[list[Any]]
    beta: Mapped[list[Any] | None]
    phi: Mapped[list[Any]]
    den: Mapped[list[Any] | None]
    provenance: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class EvaluationRow(Base):
    """One final training of a study's best with a fresh seed, judged on the test split."""

    __tablename__ = "evaluations"
    __table_args__ = (
        UniqueConstraint("study_id", "seed_index"),
        Index(None, "job_id", "id"),
        Index(None, "trial_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    job_id: Mapped[int] = mapped_column(Key, ForeignKey("jobs.id", ondelete="CASCADE"))
    study_id: Mapped[int] = mapped_column(Key, ForeignKey("studies.id", ondelete="CASCADE"))
    trial_id: Mapped[int] = mapped_column(Key, ForeignKey("trials.id", ondelete="CASCADE"))
    seed_index: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime]


class ItemLossesRow(Base):
    """The test losses of the items that trainings with a digest give; see `storage.item_losses`.

    They are a function of the digest: trials that reuse a result share the row.
    """

    __tablename__ = "item_losses"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    n_items: Mapped[int] = mapped_column(Integer)
    losses: Mapped[bytes | None]
    groups: Mapped[bytes | None]


class SplitLookRow(Base):
    """A job that judged arms on a test split; the row stays when the job is deleted."""

    __tablename__ = "split_looks"
    __table_args__ = (UniqueConstraint("job_id"), Index(None, "split", "looked_at"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    job_id: Mapped[int | None] = mapped_column(Key, ForeignKey("jobs.id", ondelete="SET NULL"))
    split: Mapped[str] = mapped_column(String(200))
    looked_at: Mapped[datetime]


class ArtifactRow(Base):
    """A file the product made, under the data directory."""

    __tablename__ = "artifacts"
    __table_args__ = (UniqueConstraint("job_id", "name"), Index(None, "trial_id"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    job_id: Mapped[int] = mapped_column(Key, ForeignKey("jobs.id", ondelete="CASCADE"))
    trial_id: Mapped[int | None] = mapped_column(Key, ForeignKey("trials.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(100))
    path: Mapped[str] = mapped_column(String(500))
    n_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]


class DatasetRow(Base):
    """A stored data set; sets with the same content share their files."""

    __tablename__ = "datasets"
    # A job's spec names a set by its id, which is never given to another.
    __table_args__ = (Index(None, "sha256"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    format: Mapped[str] = mapped_column(String(16))
    n_samples: Mapped[int] = mapped_column(Integer)
    n_bytes: Mapped[int] = mapped_column(BigInteger)
    details: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class ImportRow(Base):
    """An import of a data set: how far it is, or how it ended. Its set may have been deleted."""

    __tablename__ = "imports"
    # Clients ask for an import by its id, which is never given to another.
    __table_args__ = (Index(None, "state"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(16))
    stage: Mapped[str] = mapped_column(String(16))
    n_done: Mapped[int] = mapped_column(BigInteger)
    n_total: Mapped[int | None] = mapped_column(BigInteger)
    workspace: Mapped[str] = mapped_column(String(100))
    key: Mapped[str | None] = mapped_column(String(64))
    problem: Mapped[dict[str, Any] | None]
    dataset_id: Mapped[int | None] = mapped_column(Key)
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class EventRow(Base):
    """An event of a job; ids give the order, since writers of a job hold the job's row."""

    __tablename__ = "events"
    __table_args__ = (Index(None, "job_id", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    job_id: Mapped[int] = mapped_column(Key, ForeignKey("jobs.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(40))
    data: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class IdempotencyKeyRow(Base):
    """A request that was answered: the same key and body give the same job again."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index(None, "job_id"),)

    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    body_digest: Mapped[str] = mapped_column(String(64))
    job_id: Mapped[int] = mapped_column(Key, ForeignKey("jobs.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]


class DispatcherRow(Base):
    """A dispatcher process and its last heartbeat."""

    __tablename__ = "dispatchers"

    id: Mapped[str] = mapped_column(String(100), primary_key=True)
    host: Mapped[str] = mapped_column(String(255))
    pid: Mapped[int] = mapped_column(Integer)
    n_workers: Mapped[int] = mapped_column(Integer)
    resources: Mapped[dict[str, Any]]
    started_at: Mapped[datetime]
    heartbeat_at: Mapped[datetime]


class CalibrationRow(Base):
    """What a training costs on a kind of device: measured, or waiting to be."""

    __tablename__ = "calibrations"
    __table_args__ = (UniqueConstraint("key", "source"), Index(None, "state", "id"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    key: Mapped[str] = mapped_column(String(64))
    source: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    payload: Mapped[dict[str, Any] | None]
    device: Mapped[str] = mapped_column(String(16))
    cpus: Mapped[float]
    gpus: Mapped[float]
    widths: Mapped[list[Any]]
    cost: Mapped[dict[str, Any] | None]
    error: Mapped[str | None] = mapped_column(Text)
    lease_owner: Mapped[str | None] = mapped_column(String(100))
    lease_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    measured_at: Mapped[datetime | None]


# Modules with further tables.
APART = (campaign_tables, trainer_tables, webhook_tables)
METADATA = Base.metadata
