"""The section of a spec that stops trainings early: by the median, or by halving."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from densearch.plugins.sections import Section


class MedianPruning(Section):
    """Stop a training that is worse, after an epoch, than the median of earlier ones was then."""

    rule: Literal["median"] = "median"
    warmup_epochs: int = Field(
        default=1, ge=1, le=10_000, description="Epochs after which none is stopped yet."
    )


class HalvingPruning(Section):
    """Stop all but the best of each round after some epochs: synchronous successive halving."""

    rule: Literal["halving"]
    eta: int = Field(
        default=3, ge=2, le=100, description="Of the trials of a round one in so many goes on."
    )
    min_epochs: int = Field(
        default=1,
        ge=1,
        le=10_000,
        description="Epochs after which they are first compared; then after eta times as many.",
    )


def _with_rule(value: object) -> object:
    return {"rule": "median", **value} if isinstance(value, dict) else value


Pruning = MedianPruning | HalvingPruning

# As a spec gives it: the rule may be left out.
PruningSection = Annotated[
    Annotated[Pruning, Field(discriminator="rule")],
    BeforeValidator(_with_rule, json_schema_input_type=Pruning),
]
