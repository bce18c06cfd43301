"""The report of a finished job, as the REST API shows it; see the user guide.

It is stored as it was built (`service.report.build`), so that what earlier versions did not have
yet is `NotRequired`.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from densearch.answers.report_parts import (
    AttributionAnswer,
    ContinuedAnswer,
    CostAnswer,
    ItemEffectAnswer,
    JointOptimumAnswer,
    LookAnswer,
    MetricEffectAnswer,
    NoiseAnswer,
    OptimumAnswer,
    Outcome,
    OwnDecisionAnswer,
    PlateauAnswer,
    QuestionAnswer,
    SamplersAnswer,
    SavingsAnswer,
    SeedPlanAnswer,
    StoppedAnswer,
    TimingAnswer,
    Unit,
    ValleyAnswer,
)
from densearch.answers.trials import Json


class BuiltDensityAnswer(TypedDict):
    """A density as it was built from its vector; of its factors as many as it has axes."""

    family: str
    kernel_size: int
    n_dims: int
    vector: list[float]
    alpha: list[float]
    beta: NotRequired[list[float]]
    gamma: NotRequired[list[float]]
    phi: list[Any]
    residual: float
    den: list[float] | None
    effective_radius: float | None
    centre_share: float | None
    anisotropy: float | None


class GroupDensityAnswer(BuiltDensityAnswer):
    """The density of a group of layers."""

    layers: list[str]


class AtBoundAnswer(TypedDict):
    """A value that a gradient training left at a bound."""

    name: str
    bound: Literal["low", "high"]
    value: float


class FinalTrainingsAnswer(TypedDict):
    """The final trainings of an arm on the test split."""

    n: int
    n_diverged: int
    n_collapsed: NotRequired[int]
    n_failed: NotRequired[int]
    losses: list[float]
    loss_mean: float | None
    loss_sd: float | None
    loss_low: float | None
    loss_high: float | None
    metrics: dict[str, float]
    metric_intervals: NotRequired[dict[str, list[float] | None]]


class AgainstUniformAnswer(TypedDict):
    """An arm's test losses against those of uniform, by seed; below 0 the arm is better."""

    n: int
    difference: float
    relative: float | None
    low: float | None
    high: float | None
    bootstrap_low: float | None
    bootstrap_high: float | None
    p: float | None
    win_rate: float
    sd: float | None
    confidence: float
    p_holm: float | None
    n_compared: int
    unit: NotRequired[Unit]
    change: NotRequired[float]
    level: NotRequired[float]
    change_low: NotRequired[float | None]
    change_high: NotRequired[float | None]


class ArmAnswer(TypedDict):
    """What an arm of a job found."""

    study_id: int
    name: str
    role: str
    sampler: str
    repeat: int
    trial_id: int
    params: Json
    density: BuiltDensityAnswer | None
    groups: dict[str, GroupDensityAnswer] | None
    chosen_from: NotRequired[str | None]
    at_edges: NotRequired[list[str]]
    at_bounds: NotRequired[list[AtBoundAnswer] | None]
    validation_loss: float | None
    search_loss: float | None
    test: FinalTrainingsAnswer | None
    vs_uniform: AgainstUniformAnswer | None
    plateau: PlateauAnswer | None
    optimum: NotRequired[OptimumAnswer | None]
    joint_optimum: NotRequired[JointOptimumAnswer | None]
    valley: NotRequired[ValleyAnswer | None]
    training_s: float


class ReportedAnswer(TypedDict):
    """The answer to the job's question, with the looks that were taken."""

    outcome: Outcome
    chance: float | None
    question: QuestionAnswer
    plan: SeedPlanAnswer
    looks: list[LookAnswer]
    metrics: list[MetricEffectAnswer]
    items: NotRequired[ItemEffectAnswer | None]
    continued: NotRequired[ContinuedAnswer | None]


class ReportAnswer(TypedDict):
    """The comparison of all arms of a finished job."""

    version: int
    arms: list[ArmAnswer]
    best_arm: str | None
    n_seeds: int
    verdict: str
    findings: list[str]
    evidence: NotRequired[list[str]]
    answer: NotRequired[ReportedAnswer | None]
    decision: NotRequired[OwnDecisionAnswer | None]
    attribution: AttributionAnswer | None
    noise: NoiseAnswer | None
    samplers: SamplersAnswer | None
    fidelity: SavingsAnswer | None
    stopped: list[StoppedAnswer]
    devices: NotRequired[list[str]]
    cost: CostAnswer
    timing: TimingAnswer
