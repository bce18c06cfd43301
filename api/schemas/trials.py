"""Trials, attempts and measurements, as the API answers them: the library's, as models."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from api.schemas.base import ErrorOut, ListOut
from api.schemas.typed import model_of
from densearch.answers import AttemptAnswer, DeathAnswer, MeasurementAnswer, TrialAnswer
from service.states import AttemptState, Phase, TrialState


class DeathOut(model_of(DeathAnswer)):  # type: ignore[misc] # a class that is made at run time
    """How the worker of an attempt died."""


class AttemptOut(
    model_of(  # type: ignore[misc]
        AttemptAnswer,
        state=AttemptState,
        error=ErrorOut | None,
        death=DeathOut | None,
        started_at=datetime,
        finished_at=datetime | None,
    )
):
    """One try at a trial. A late one came back after it was given up, and changed nothing."""


class TrialOut(
    model_of(  # type: ignore[misc]
        TrialAnswer,
        phase=Phase,
        state=TrialState,
        error=ErrorOut | None,
        queued_at=datetime,
        started_at=datetime | None,
        finished_at=datetime | None,
    )
):
    """One evaluation of one point."""


class TrialDetailOut(TrialOut):
    """A trial with every try at it."""

    attempt_log: list[AttemptOut]


class MeasurementOut(
    model_of(MeasurementAnswer, measured_at=datetime)  # type: ignore[misc]
):
    """Metrics of a trial after an epoch, from 1; `elapsed_s` counts from the training's start."""


class MeasurementsOut(ListOut[MeasurementOut]):
    """A trial's measurements, and whether they were removed."""

    pruned: bool = Field(
        description="Whether retention has removed them; the trial's `curve` stays."
    )
