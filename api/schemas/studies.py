"""Response models of studies."""

from __future__ import annotations

from pydantic import Field

from api.schemas.base import Out
from service.states import Role


class StudyOut(Out):
    """One arm of a job: a sampler's search, or a control."""

    id: int
    job_id: int
    name: str
    role: Role = Field(
        description="tuned is a control whose settings are searched, speculation a better point "
        "that a search ran ahead."
    )
    sampler: str
    repeat: int = Field(description="Number among the repeats of its sampler, from 1.")
    n_trials: int = Field(description="Its budget.")
    n_finished: int = Field(description="Confirmed evaluations: with a place in the sequence.")
    n_evaluated: int = Field(description="All evaluations that have ended, extra ones included.")
    n_running: int
    n_waiting: int
    n_failed: int
    n_pruned: int
    n_speculative: int = Field(description="Trials that were run ahead of the sequence.")
    n_hits: int = Field(description="How many of these the sequence asked for later.")
    hit_rate: float | None
    n_cached: int = Field(description="Trials that took an earlier result instead of training.")
    seed: int
    is_finished: bool
    stopped_at: int | None = Field(
        description="Trials after which it stopped before its budget of trials was spent."
    )
    stopped_by: str | None = Field(
        description="Why: noise, wall_clock, cost or asking (its sampler failed)."
    )
    fault: str | None = Field(description="How its sampler failed, where that ended its search.")
    best_trial_id: int | None
    best_value: float | None
    chosen_from: str | None = Field(
        description="The simpler arm whose training represents this one: its own found none "
        "that was better on the validation split."
    )
