"""Parts of a job's report: effects, what is compared with what, and what it cost.

Their fields are those of the values in `service.report`, which describe them; a test compares the
two. What reports of earlier versions lack is `NotRequired`.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from densearch.answers.decisions import Light, MoreSeedsAnswer, SearchCostAnswer

Unit = Literal["ratio", "share", "difference"]
Outcome = Literal["better", "worse", "no difference", "none found", "less reliable", "not decided"]
Number = float | int | str | bool


class QuestionAnswer(TypedDict):
    """The density's arm, and the best simpler one that it is compared with."""

    arm: str
    against: str
    is_rate_tuned: bool
    is_same_training: bool


class SeedPlanAnswer(TypedDict):
    """After how many seeds a job looks, and the difference that matters."""

    looks: list[int]
    margin_percent: float
    level: float


class EffectAnswer(TypedDict):
    """What a change of arm does to the loss; `change` below 0 is better."""

    n: int
    n_better: int
    unit: Unit
    change: float
    low: float | None
    high: float | None
    level: float
    p: float | None
    spread: float | None
    detectable: float | None


class FailuresAnswer(TypedDict):
    """Final trainings of an arm that gave nothing."""

    n: int
    n_diverged: int
    n_collapsed: int
    n_failed: int


class LookAnswer(TypedDict):
    """What was seen after so many seeds."""

    n_seeds: int
    effect: EffectAnswer | None
    failures: FailuresAnswer
    against_failures: FailuresAnswer
    outcome: Outcome


class MetricEffectAnswer(TypedDict):
    """The density's arm against the simpler one in a metric."""

    name: str
    n: int
    arm: float
    against: float
    difference: float
    low: float | None
    high: float | None


class ItemEffectAnswer(TypedDict):
    """The effect over seeds and test items; without an interval `reason` says why."""

    n_seeds: int
    n_items: int | None
    n_groups: int | None
    unit: Unit | None
    change: float | None
    low: float | None
    high: float | None
    level: float
    item_share: float | None
    reason: str | None


class ContinuedAnswer(TypedDict):
    """What seeds beyond the plan show."""

    n_planned: int
    n_seeds: int
    n: int
    n_better: int
    unit: Unit | None
    change: float | None
    e_value: float | None
    needed: float


class DecisionBasisAnswer(TypedDict):
    """What a job's own decision is made of."""

    task: str
    kernel_sizes: list[int]
    test_split: str
    arm: str
    against: str
    outcome: str
    is_rate_tuned: bool
    n: int
    n_seeds: int
    n_arms: int
    unit: Unit
    mean: float | None
    spread: float | None
    noise: float | None
    n_lost: NotRequired[int]


class OwnDecisionAnswer(TypedDict):
    """What to do with a density by this job alone; `Client.decision` takes in earlier ones."""

    light: Light
    words: list[str]
    margin_percent: float
    chance: float | None
    gain: float | None
    low: float | None
    high: float | None
    more: MoreSeedsAnswer | None
    search: SearchCostAnswer | None
    basis: DecisionBasisAnswer


class PartAnswer(TypedDict):
    """A part of a gain: `arm` has the factors `names`, `against` has not."""

    names: list[str]
    arm: str
    against: str
    n: int
    unit: NotRequired[Unit]
    relative: float | None
    relative_low: float | None
    relative_high: float | None
    level: NotRequired[float]
    p: float | None


class AttributionAnswer(TypedDict):
    """The gain over uniform, divided among what is searched."""

    arm: str
    is_rate_tuned: bool
    gain: PartAnswer
    parts: list[PartAnswer]
    beside: list[PartAnswer]
    missing: list[str]
    words: str


class NoiseAnswer(TypedDict):
    """How much a difference of two arms varies with the seed."""

    relative: float
    limit: float
    n_arms: int
    n_seeds: int


class AxisRangeAnswer(TypedDict):
    """A searched value on a plateau."""

    axis: str
    best: Number
    low: Number
    high: Number
    text: str


class PlateauAnswer(TypedDict):
    """The trials that are as good as the best."""

    n_trials: int
    n_compared: int
    noise: float
    limit: float
    axes: list[AxisRangeAnswer]


class OptimumAnswer(TypedDict):
    """The minimum of a valley through the trials, along one value."""

    axis: str
    value: float
    low: float
    high: float
    n: int


class AxisOptimumAnswer(TypedDict):
    """The minimum of a valley in several values, along one of them."""

    axis: str
    value: float
    low: float
    high: float


class JointOptimumAnswer(TypedDict):
    """The minimum of a valley in several values; `reason` says why there is none."""

    axes: list[AxisOptimumAnswer]
    n: int
    reason: str | None


class ValleyAnswer(TypedDict):
    """The losses of a search that went through the widths of a density."""

    widths: list[float]
    losses: list[float]
    kernel_size: int
    n_dims: int
    is_normalised: bool
    lr: float
    is_rate_tuned: bool


class SamplerRowAnswer(TypedDict):
    """What the searches of a sampler found."""

    sampler: str
    n: int
    is_deterministic: bool
    mean: float
    sd: float | None
    least: float


class SamplerPairAnswer(TypedDict):
    """Two samplers compared by their searches."""

    better: str
    other: str
    n: int
    n_other: int
    win_rate: float
    p: float
    p_holm: float


class SamplersAnswer(TypedDict):
    """Which sampler is better, where searches were repeated."""

    samplers: list[SamplerRowAnswer]
    pairs: list[SamplerPairAnswer]
    is_test: NotRequired[bool]
    n_needed: NotRequired[int]
    words: str


class FavouritesAnswer(TypedDict):
    """What became of the best of short trainings, trained in full."""

    n_searches: int
    n_kept: int
    cost: float | None


class AuditAnswer(TypedDict):
    """What became of trainings that were not promoted."""

    n: int
    n_better: int
    n_searches: int
    rank_correlation: float | None
    words: str


class SavingsAnswer(TypedDict):
    """Epochs that short trainings and pruning saved."""

    n_trainings: int
    n_pruned: int
    full_epochs: int
    run_epochs: int
    saved_by_short: int
    saved_by_pruning: int
    spent_on_promotions: int
    fraction: float
    favourites: NotRequired[FavouritesAnswer | None]
    rank_correlation: float | None
    n_promoted: int
    audit: NotRequired[AuditAnswer | None]
    words: str


class StoppedAnswer(TypedDict):
    """A search that ended before its budget of trials was spent."""

    study: str
    n_trials: int
    n_planned: int
    by: str
    fault: NotRequired[str]


class CostAnswer(TypedDict):
    """How many trainings were run, and their time."""

    trained: int
    cached: int
    failed: int
    pruned: int
    training_s: float


class OverheadAnswer(TypedDict):
    """Training time with a density over that of the plain convolution."""

    ratio: float
    n: int
    n_uniform: int
    words: str


class SpeculationAnswer(TypedDict):
    """Trials that were run ahead of need, and those that were needed."""

    n_ahead: int
    n_hits: int


class TimingAnswer(TypedDict):
    """Figures that depend on the clock and on idle workers."""

    overhead: OverheadAnswer | None
    speculation: SpeculationAnswer | None
