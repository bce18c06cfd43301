"""Response models of decisions on finished jobs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.schemas.base import Out


class MoreSeedsOut(Out):
    """Seeds that are likely to decide."""

    n_seeds: int = Field(description="More of each arm.")
    n_trainings: int = Field(description="Their trainings, of all arms together.")
    chance: float = Field(ge=0, le=1, description="The probability that they decide.")


class SearchCostOut(Out):
    """What the searches cost, the full trainings of their best included."""

    n_trainings: int
    full_trainings: float = Field(description="In so many full trainings are as many epochs.")
    core_s: float = Field(description="Core-seconds, those of known results included.")


class EarlierJobOut(Out):
    """An earlier job that the decision takes in."""

    job_id: int
    name: str
    n: int = Field(description="Pairs of seeds.")
    change: float = Field(description="Of its density, a share of the loss; below 0 is better.")


class PooledEffectOut(Out):
    """The earlier jobs as one, in shares of the loss; below 0 the density was better."""

    change: float
    low: float
    high: float
    prediction_low: float = Field(description="For a task that is not among these.")
    prediction_high: float
    n_splits: int = Field(description="Test splits that the jobs were judged on.")


class DecisionOut(Out):
    """What to do with a density, and why; see the user guide."""

    light: Literal["adopt", "leave out", "more seeds", "not decided"]
    words: list[str] = Field(description="The reason in sentences.")
    margin_percent: float = Field(description="The gain that matters.")
    chance: float | None = Field(
        ge=0, le=1, description="The probability that the gain is above it; null if not known."
    )
    chance_alone: float | None = Field(description="The same by this job alone.")
    gain: float | None = Field(description="The expected gain, a share of the loss.")
    low: float | None = Field(description="Lower end of its interval of 95 %.")
    high: float | None = Field(description="Upper end.")
    more: MoreSeedsOut | None = Field(description="Where that is the light.")
    search: SearchCostOut | None
    earlier: list[EarlierJobOut] = Field(
        description="Jobs of the same kind of task and kernel size on other test splits that were "
        "finished before; empty where they are on fewer than two."
    )
    pooled: PooledEffectOut | None
