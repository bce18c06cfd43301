"""The options of the built-in samplers: defaults, ranges and descriptions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from densearch.density.families import MAX_VALUE
from densearch.plugins.options import SamplerOptions

# No study has more trials: as many as there are idle workers.
UNLIMITED_EXTRA = 1_000_000

# Values of the options of `gradient`; service.studies.gradient_settings explains them.
AUTHORS: Literal["authors"] = "authors"
SAME: Literal["same"] = "same"
WARM_RESTARTS: Literal["warm_restarts"] = "warm_restarts"
JOB_SCOPE: Literal["job"] = "job"
LAYER: Literal["layer"] = "layer"

# The defaults of these three are those of densearch.direct_l, which would load NLopt;
# tests/unit/service/samplers/sections_test.py compares them.
MagicEps = Annotated[
    float,
    Field(
        ge=0.0,
        le=0.1,
        description="Least relative improvement a rectangle must promise (Jones' epsilon).",
    ),
]
Share = Annotated[
    float,
    Field(
        ge=0.0,
        le=1.0,
        description=(
            "Part of the budget at submission that BOBYQA gets; the first division is always "
            "DIRECT-L's."
        ),
    ),
]
MaxExtra = Annotated[
    int,
    Field(
        ge=0,
        le=UNLIMITED_EXTRA,
        description=(
            "Most speculative trials without a place in the sequence at any one time; 0 leaves "
            "workers idle instead."
        ),
    ),
]
# Before a model has enough values to be of use.
RandomTrials = Annotated[
    int, Field(ge=1, le=100_000, description="Random trials before the model is used.")
]


class NoOptions(SamplerOptions):
    """A sampler that takes none."""


class DirectLOptions(SamplerOptions):
    """Of DIRECT-L."""

    magic_eps: MagicEps = 1e-4
    max_extra: MaxExtra = UNLIMITED_EXTRA


class DirectLBobyqaOptions(SamplerOptions):
    """Of DIRECT-L that BOBYQA follows."""

    magic_eps: MagicEps = 1e-4
    share: Share = 0.5
    max_extra: MaxExtra = UNLIMITED_EXTRA


class TpeOptions(SamplerOptions):
    """Of Optuna's TPE."""

    n_startup_trials: RandomTrials = 10
    n_ei_candidates: int = Field(
        default=24, ge=1, le=10_000, description="Candidates of which the best is proposed."
    )
    multivariate: bool = Field(
        default=True, description="Model all coordinates together rather than one by one."
    )


class CmaEsOptions(SamplerOptions):
    """Of CMA-ES."""

    lr_adapt: bool = Field(
        default=False, description="Learn more slowly where the objective is noisy or rugged."
    )


class GpOptions(SamplerOptions):
    """Of Optuna's Gaussian process."""

    n_startup_trials: RandomTrials = 10


class HyperOptOptions(SamplerOptions):
    """Of hyperopt's TPE."""

    n_initial_points: RandomTrials = 20


class BayesOptOptions(SamplerOptions):
    """Of the Gaussian process of bayesian-optimization."""

    random_search_steps: RandomTrials = 10


def _without_length(schema: dict[str, Any]) -> None:
    """Leave out a limit that no density comes near, as the published schema does."""
    schema["anyOf"][0].pop("maxItems")


class GradientOptions(SamplerOptions):
    """Of the densities learned with the weights."""

    preset: Literal["authors"] | None = Field(
        default=None,
        description=(
            "The authors' settings: lr_factor 100, weight_decay 0.01, schedule warm_restarts, "
            "scope layer, and their start. With AdamW and symmetric densities alone; what is "
            "given as well counts."
        ),
    )
    lr_factor: float = Field(
        default=0.1,
        ge=0.0,
        le=1000.0,
        description="The density's learning rate over that of the weights; 1 with Adam if unset.",
    )
    weight_decay: float = Field(
        default=0.0,
        ge=0.0,
        le=1.0,
        description="The density's weight decay, in the form of the job's optimizer.",
    )
    schedule: Literal["same", "constant", "warm_restarts"] = Field(
        default=SAME,
        description=(
            "The density's learning rate over the epochs: as the weights', constant, or along "
            "a cosine to 0 over 10, 20, 40 ... epochs, from the top each time."
        ),
    )
    scope: Literal["job", "layer"] = Field(
        default=JOB_SCOPE, description="Which layers share a density: as in the job, or none."
    )
    start: (
        Annotated[
            list[Annotated[float, Field(ge=-MAX_VALUE, le=MAX_VALUE)]],
            Field(min_length=1, max_length=4096),
        ]
        | None
    ) = Field(
        default=None,
        description=(
            "First values of each density, the outermost first, within its bounds; as near to "
            "the plain convolution as these allow if unset."
        ),
        json_schema_extra=_without_length,
    )
