"""The spec of a density-optimization job: what a user may ask for, and nothing else.

Every model refuses unknown fields, NaN and inf. Rules that span several sections live in
service.validation, and so does the translation of errors to JSON pointers.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
)

from densearch.plugins.sections import WRITTEN_BY_SERVER, OwnTask, Section
from densearch.sampler.contract import PENALTY
from service.control_sections import ControlName, ControlSpec, Family, Label
from service.networks import Network
from service.pruning_sections import PruningSection
from service.tasks.function import FunctionTask
from service.tasks.sections import Task
from service.training_section import Training


class DensitySpec(Section):
    """Which densities are searched."""

    family: Family = Field(
        default="symmetric", description="How the free values of a search become a density."
    )
    scope: Literal["network", "stage", "layer"] = Field(
        default="network",
        description="Which layers share a density: all of one kernel size, those of a stage, or "
        "none.",
    )
    bounds: list[Annotated[list[float], Field(min_length=2, max_length=2)]] | None = Field(
        default=None,
        max_length=4096,
        description="[low, high] of each free value, outermost first; those of ranges if unset.",
    )
    ranges: Literal["wide", "advised"] | None = Field(
        default=None,
        exclude_if=lambda ranges: ranges is None,
        description="Where bounds are unset: wide has the plain convolution in the middle, "
        "advised is the authors'; wide if unset, by the first method advised.",
    )
    factor: Annotated[list[float], Field(min_length=2, max_length=2)] | None = Field(
        default=None,
        exclude_if=lambda factor: factor is None,
        description="[low, high] of the common factor that is searched with the learning rate, "
        "logarithmic; an eighth to 8 if unset.",
    )
    normalised: bool = Field(
        default=False,
        exclude_if=lambda is_normalised: not is_normalised,
        description="Whether searches at a fixed rate give each density a root mean square of 1.",
    )


class FloatRange(Section):
    """A real training setting to be searched."""

    low: float
    high: float
    log: bool = False


class IntegerRange(Section):
    """A whole training setting to be searched."""

    low: int
    high: int
    log: bool = False
    integer: Literal[True]


class Choices(Section):
    """A training setting to be chosen from a list."""

    choices: list[float | int | str | bool] = Field(min_length=1, max_length=100)


def _range_kind(value: object) -> str:
    if isinstance(value, Choices) or (isinstance(value, dict) and "choices" in value):
        return "choices"
    if isinstance(value, IntegerRange) or (isinstance(value, dict) and value.get("integer")):
        return "integer"
    return "float"


Range = Annotated[
    Annotated[Choices, Tag("choices")]
    | Annotated[IntegerRange, Tag("integer")]
    | Annotated[FloatRange, Tag("float")],
    Discriminator(_range_kind),
]


class TunedRate(Section):
    """The rate at which densities are trained: the best one of the control uniform_tuned."""

    seed: int | None = Field(
        default=None,
        ge=0,
        lt=2**53,
        description="Job seed whose data and initial weights the rate is tuned with: jobs of the "
        "same seed here share these trainings, and evaluate nothing. The job's own seed if unset.",
    )


class SamplerSpec(Section):
    """One study: a sampler and its settings."""

    name: Label = Field(description="Which sampler searches.")
    batch_size: int = Field(
        default=4, ge=1, le=1024, description="Trials in a round; DIRECT-L has its own batches."
    )
    options: dict[str, Any] = Field(
        default_factory=dict, description="Settings of this sampler; each has a default."
    )


def _named(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


class Budget(Section):
    """How much each search may spend."""

    n_trials: int = Field(ge=1, le=100_000, description="Trials of every sampler.")
    wall_clock_s: float | None = Field(
        default=None,
        gt=0,
        le=1e9,
        description="Seconds of work after which searches end with what they have found.",
    )
    cost: float | None = Field(
        default=None,
        gt=0,
        le=1e9,
        description="Money after which searches end, at the server's prices per hour.",
    )
    stop_below_noise: float | None = Field(
        default=None,
        gt=0,
        le=1e12,
        description="DIRECT-L stops early once all values around its best differ by less.",
    )


class Fidelity(Section):
    """Search cheaply, decide fully: short trainings choose what is trained in full."""

    search_fraction: float = Field(
        gt=0, lt=1, description="Part of the epochs that a search training runs."
    )
    promote: int = Field(
        default=3, ge=1, le=1000, description="How many of each study's best are trained in full."
    )
    audit: int = Field(
        default=0,
        ge=0,
        le=1000,
        exclude_if=lambda n: n == 0,  # as specs were stored before there was one
        description="How many others of each study are trained in full, drawn from all ranks by "
        "the job's seed: they show what the short trainings miss.",
    )
    schedule: Literal["shortened", "cut"] = Field(
        default="cut",
        description="Whether the learning rate's schedule is cut off with the short training, "
        "or fits into it.",
    )


# The first wrong number of a vector speaks for all.
Vector: TypeAlias = Annotated[list[float], Field(min_length=1, max_length=4096, fail_fast=True)]


class WarmStart(Section):
    """Where the samplers that can start from: densities of earlier jobs, or vectors."""

    densities: list[Annotated[int, Field(ge=1, lt=2**63)]] = Field(
        default_factory=list, max_length=100, description="Their ids."
    )
    vectors: list[Vector] = Field(
        default_factory=list,
        max_length=100,
        description="Free values in the order of the bounds; the server adds the densities' own.",
    )


MOST_SEEDS = 100


class Evaluation(Section):
    """The final judgement on the test split."""

    n_seeds: int = Field(
        default=3,
        ge=0,
        le=MOST_SEEDS,
        description="Fresh trainings of each arm's best; the last of the looks, where there are.",
    )
    looks: list[Annotated[int, Field(ge=2, le=MOST_SEEDS)]] | None = Field(
        default=None,
        min_length=1,
        max_length=10,
        exclude_if=lambda looks: looks is None,
        description="Rising numbers of seeds after which the question is looked at: the "
        "evaluation ends at the first that decides; 5, 10 and 20 without n_seeds.",
    )
    margin_percent: float | None = Field(
        default=None,
        gt=0,
        lt=100,
        exclude_if=lambda margin: margin is None,
        description="A difference of the loss that does not matter, in percent; 1 if unset.",
    )
    continued_to: int | None = Field(
        default=None,
        ge=1,
        le=MOST_SEEDS,
        exclude_if=lambda n_seeds: n_seeds is None,
        json_schema_extra={WRITTEN_BY_SERVER: True},
        description="Seeds to which a job was continued beyond its plan; the server writes it.",
    )


class Resources(Section):
    """What one trial, or one pack of them, occupies."""

    cpus_per_trial: float = Field(
        default=1.0, gt=0, le=1024, description="CPU cores that a worker holds."
    )
    gpus_per_trial: float = Field(
        default=0.0, ge=0, le=64, description="GPUs that a worker holds: 1, or a part of one."
    )
    pack_width: Annotated[int, Field(ge=1, le=64)] | Literal["auto"] = Field(
        default=1,
        description="Candidates that a worker trains at once as one network; auto is measured "
        "once for each task and kind of device.",
    )


# The first method that nests arms: their spaces, trials and finalists, and plans looks.
NESTED_SINCE = 2


class JobSpec(Section):
    """A density-optimization job."""

    name: Label = Field(description="For people; it need not be unique.")
    method: Literal[1, 2] = Field(
        default=1,
        exclude_if=lambda method: method == 1,  # as specs were stored before there was one
        json_schema_extra={"default": 2},  # of submissions, see `service.validation.parse`
        description="Rules by which arms are searched and compared; 1 is that of stored specs "
        "without it.",
    )
    seed: int = Field(
        default=0,
        ge=0,
        lt=2**53,
        description="All randomness of samplers and trainings comes from it.",
    )
    task: Task
    network: Network | None = None
    training: Training | None = None
    density: DensitySpec | None = None
    search: dict[str, Range] = Field(
        default_factory=dict,
        max_length=8,
        description="Training settings searched in addition to the density, by name.",
    )
    tuned_rate: TunedRate | None = Field(
        default=None,
        exclude_if=lambda rate: rate is None,  # as specs were stored before there was one
        description="Searches and fixed densities but uniform begin once the control "
        "uniform_tuned has ended, and train at its best learning rate; at training.lr if unset.",
    )
    samplers: list[
        Annotated[SamplerSpec, BeforeValidator(_named, json_schema_input_type=SamplerSpec | Label)]
    ] = Field(
        default_factory=list,
        max_length=32,
        description="The searches; the one proposed for the number of searched values if empty.",
    )
    repeats: int = Field(
        default=1, ge=1, le=20, description="Search seeds of every sampler that has randomness."
    )
    use_speculation: bool = Field(
        default=False,
        description="Evaluate a better point that DIRECT-L ran ahead of its sequence, too.",
    )
    fidelity: Fidelity | None = None
    validation_seeds: int = Field(
        default=1,
        ge=1,
        le=20,
        exclude_if=lambda n: n == 1,  # as specs were stored before there was one
        description="Seeds with which the best of each study are trained before one is chosen, by "
        "the mean of its validation losses; 3 if unset where a learning rate is searched, else "
        "1.",
    )
    pruning: PruningSection | None = None
    warm_start: WarmStart | None = None
    controls: list[
        Annotated[
            ControlSpec, BeforeValidator(_named, json_schema_input_type=ControlSpec | ControlName)
        ]
    ] = Field(
        default_factory=list,
        max_length=16,
        description="What the searches are compared with; uniform and uniform_tuned where a job "
        "that trains and is evaluated names none. An empty list is none.",
    )
    sampler_packages: dict[Label, Label] = Field(
        default_factory=dict,
        max_length=32,
        exclude_if=lambda packages: not packages,  # as specs were stored before there was one
        json_schema_extra={WRITTEN_BY_SERVER: True},
        description="Of samplers that other packages bring: the package and its version, which "
        "the server adds. A job continues with no other.",
    )
    budget: Budget
    evaluation: Evaluation = Evaluation()
    resources: Resources = Resources()
    diverged_value: float = Field(
        default=PENALTY,
        ge=-1e12,
        le=1e12,
        description="The worst value: the sampler receives it for a diverged or failed trial.",
    )


def lower_bound_of(spec: JobSpec) -> float | None:
    """Return a value the objective is never below: 0 for our losses; None where none is known."""
    is_open = isinstance(spec.task, FunctionTask) and spec.task.name == "hartmann6"
    return None if is_open or isinstance(spec.task, OwnTask) else 0.0
