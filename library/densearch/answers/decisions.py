"""What to do with a density, as the REST API shows it."""

from __future__ import annotations

from typing import Literal, TypedDict

Light = Literal["adopt", "leave out", "more seeds", "not decided"]


class MoreSeedsAnswer(TypedDict):
    """Seeds that are likely to decide."""

    n_seeds: int
    n_trainings: int
    chance: float


class SearchCostAnswer(TypedDict):
    """What the searches cost, the full trainings of their best included."""

    n_trainings: int
    full_trainings: float
    core_s: float


class EarlierJobAnswer(TypedDict):
    """An earlier job that a decision takes in; `change` below 0 is better."""

    job_id: int
    name: str
    n: int
    change: float


class PooledEffectAnswer(TypedDict):
    """The earlier jobs as one, in shares of the loss; below 0 the density was better."""

    change: float
    low: float
    high: float
    prediction_low: float
    prediction_high: float
    n_splits: int


class DecisionAnswer(TypedDict):
    """What to do with a density, and why; `light` says it in a word, `words` in sentences."""

    light: Light
    words: list[str]
    margin_percent: float
    chance: float | None
    chance_alone: float | None
    gain: float | None
    low: float | None
    high: float | None
    more: MoreSeedsAnswer | None
    search: SearchCostAnswer | None
    earlier: list[EarlierJobAnswer]
    pooled: PooledEffectAnswer | None
