"""Response models of jobs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from api.schemas.base import ErrorOut, Json, Out, described_by
from api.schemas.decisions import DecisionOut
from service.states import JobState


class ProgressOut(Out):
    """Counts of a job's trials; see the user guide."""

    n_trials: int = Field(description="Planned search trials, controls included.")
    n_finished: int = Field(description="Confirmed: ended, with a place in the sequence.")
    n_evaluated: int = Field(description="All search trials that have ended, extra ones included.")
    n_running: int
    n_waiting: int
    n_failed: int
    n_pruned: int = Field(description="Trainings that the pruning rule stopped.")
    n_cached: int = Field(description="Trials that took an earlier result instead of training.")
    n_promotions: int = Field(
        description="Further trainings that choose among the best of each study."
    )
    n_promotions_finished: int
    n_evaluations: int = Field(description="Final trainings on the test split.")
    n_evaluations_finished: int
    fraction: float = Field(ge=0, le=1)
    eta_s: float | None = Field(description="Estimated seconds left; null where unknown.")


class BestOut(Out):
    """The best trial of the job's searches so far."""

    study_id: int
    study: str
    sampler: str
    trial_id: int
    value: float
    params: Json


class JobSummaryOut(Out):
    """A job in a list."""

    id: int
    name: str
    state: JobState
    waits_for: str | None = Field(description="Why the job makes no progress; else null.")
    fraction: float = Field(ge=0, le=1)
    error: ErrorOut | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    task: str = Field(description="The kind of its task.")
    samplers: list[str] = Field(description="Of its searches, in the order of its spec.")
    tags: list[str] = Field(description="In alphabetical order.")
    note: str = Field(description='What users wrote about it; "" if nothing.')


class VectorEntryOut(Out):
    """One coordinate of the job's search: a free value of a density, or a setting."""

    index: int = Field(description="Its index in a trial's point, from 0.")
    name: str
    group: str | None = Field(
        description='The layers that share it: "" is all of them; null for a setting.'
    )
    layers: list[str] = Field(description="Their names in the network.")
    kernel_size: int | None
    factors: list[str] = Field(
        description="Those of alpha, beta and gamma that it belongs to; empty where it sets Phi."
    )
    positions: list[list[int]] | None = Field(
        description="What it sets, as offsets from the centre: along each of its factors, or taps "
        "of Phi. Empty: all taps, of a common factor. Null: all taps but the centre, or no tap "
        "for a setting."
    )
    low: float | None
    high: float | None
    is_log: bool
    choices: list[float | int | str | bool] | None


class JobOut(JobSummaryOut):
    """A job with its spec as completed by the server, its progress and its report."""

    spec: Annotated[Json, described_by("JobSpec")] = Field(
        description="Complete: what the request left out is filled in."
    )
    vector: list[VectorEntryOut] | None = Field(
        description="What each value of the search means; null if the spec would be refused now."
    )
    progress: ProgressOut
    best: BestOut | None
    ahead: BestOut | None = Field(
        description="A better point, run ahead of a sequence that has not asked for it."
    )
    report: Annotated[Json | None, described_by("ReportOut", is_optional=True)] = Field(
        description="The comparison of all arms, once the job succeeded."
    )
    decision: DecisionOut | None = Field(
        description="What to do with the density, with what earlier jobs say; null without a "
        "report that answers a question."
    )
    data_warnings: list[str] = Field(
        description="What the page of its stored data set warns of; empty where it was deleted."
    )
    earlier_looks: int | None = Field(
        description="How many jobs had judged on the same test split before this one; null where "
        "it has not judged on one."
    )
