"""The losses of many trainings after their epochs, without the other columns of their trials."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from service.states import Phase
from service.storage.tables import LARGEST_NUMBER, MeasurementRow, TrialRow


@dataclass(frozen=True, slots=True)
class TrainingCurve:
    """The validation loss of a training after each epoch.

    Attributes:
        number: Of the trial, in its study's sequence.
        value: Of the trial; None where it has none.
        losses: After each epoch, from the first on.
    """

    trial_id: int
    study_id: int
    number: int | None
    value: float | None
    losses: Sequence[float]


@dataclass(frozen=True, slots=True)
class SomeCurves:
    """Some of the trainings of a phase of a job, and how many there are."""

    curves: list[TrainingCurve]
    n_trainings: int

    def __len__(self) -> int:
        """Return how many values a cache has to keep."""
        return sum(len(one.losses) for one in self.curves)


_CURVE = TrialRow.curve  # type: ignore[attr-defined]
_COLUMNS = (TrialRow.id, TrialRow.study_id, TrialRow.number, TrialRow.value, _CURVE)


def _trained(job_id: int, phase: Phase) -> Select[int]:
    return select(TrialRow.id).where(
        TrialRow.job_id == job_id, TrialRow.phase == phase, _CURVE.is_not(None)
    )


def some_curves(session: Session, job_id: int, phase: Phase, most: int) -> SomeCurves:
    """Return the curves of the best trainings of a phase and of a fixed sample of the others.

    The sample is those with the least digests: a choice that is as good as random, and the same
    whatever the order in which trials ended or were stored.

    Args:
        session: In a transaction.
        job_id: Which job.
        phase: What the trainings serve.
        most: At most so many of the best, and so many of the sample.
    """
    own = _trained(job_id, phase)
    valued = own.where(TrialRow.value.is_not(None), TrialRow.is_diverged.is_(False))
    best = session.scalars(
        valued.order_by(TrialRow.value, TrialRow.digest, TrialRow.id).limit(most)
    )
    sample = session.scalars(own.order_by(TrialRow.digest, TrialRow.id).limit(most))
    n = session.scalar(select(func.count()).select_from(own.subquery())) or 0
    return SomeCurves(curves_of(session, job_id, sorted({*best, *sample})), n)


def curves_of(session: Session, job_id: int, trial_ids: Sequence[int]) -> list[TrainingCurve]:
    """Return the curves of these trials of a job, by id; of those that have none, none."""
    query = (
        select(*_COLUMNS)
        .where(TrialRow.job_id == job_id, TrialRow.id.in_(trial_ids), _CURVE.is_not(None))
        .order_by(TrialRow.id)
    )
    return [TrainingCurve(*row) for row in session.execute(query) if row[-1]]


def by_number(
    session: Session, job_id: int, phase: Phase, numbers: Collection[int]
) -> dict[tuple[int, int | None], list[int]]:
    """Return the ids of a phase's trainings that have a curve, by their study and number."""
    possible = sorted(number for number in numbers if number <= LARGEST_NUMBER)
    own = _trained(job_id, phase).where(TrialRow.number.in_(possible)).subquery()
    query = select(TrialRow.study_id, TrialRow.number, TrialRow.id).join(
        own, own.c.id == TrialRow.id
    )
    found: dict[tuple[int, int | None], list[int]] = {}
    for study_id, number, trial_id in session.execute(query.order_by(TrialRow.id)):
        found.setdefault((study_id, number), []).append(trial_id)
    return found


def phases_of(session: Session, job_id: int) -> list[Phase]:
    """Return the phases in which a job has trainings with a curve."""
    return [
        phase for phase in Phase if session.scalar(_trained(job_id, phase).limit(1)) is not None
    ]


@dataclass(frozen=True, slots=True)
class MeasuredEpoch:
    """What was measured after an epoch; `elapsed_s` counts from the training's start."""

    epoch: int
    train_loss: float | None
    val_loss: float | None
    elapsed_s: float


def measured(session: Session, trial_ids: Sequence[int]) -> Mapping[int, list[MeasuredEpoch]]:
    """Return the epochs that were measured of each of these trials, by trial."""
    query = (
        select(
            *(MeasurementRow.trial_id, MeasurementRow.epoch),
            *(MeasurementRow.metrics, MeasurementRow.elapsed_s),
        )
        .where(MeasurementRow.trial_id.in_(trial_ids))
        .order_by(MeasurementRow.trial_id, MeasurementRow.epoch)
    )
    found: dict[int, list[MeasuredEpoch]] = {}
    for trial_id, epoch, metrics, elapsed_s in session.execute(query):
        own = MeasuredEpoch(epoch, metrics.get("train_loss"), metrics.get("val_loss"), elapsed_s)
        found.setdefault(trial_id, []).append(own)
    return found
