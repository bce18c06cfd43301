"""Response models of samplers."""

from __future__ import annotations

from pydantic import Field

from api.schemas.base import Json, Out


class CapabilitiesOut(Out):
    """What a sampler can do."""

    continuous: bool = Field(description="Coordinates are real numbers.")
    integer: bool = Field(description="Rounded coordinates make sense to it.")
    log: bool = Field(description="A logarithmic axis makes sense to it.")
    categorical: bool = Field(description="Unordered choices make sense to it.")
    parallel: bool = Field(description="It issues several points before the first has its value.")
    seeded: bool = Field(description="Another seed gives other points.")
    adaptive: bool = Field(description="Its points depend on earlier values.")
    speculative: bool = Field(description="It has points for idle workers.")
    warm_start: bool = Field(description="It can start from densities of earlier jobs.")
    models_values: bool = Field(description="It fits a model to the values, not to their order.")
    needs: str | None = Field(description="The extra that must be installed for it.")


class SamplerOut(Out):
    """A sampler that a spec may name; `options` is a JSON schema."""

    name: str
    title: str
    description: str
    capabilities: CapabilitiesOut
    installed: bool = Field(
        description="Whether the extra it needs (`capabilities.needs`) is installed here."
    )
    package: str | None = Field(
        description="The package that registers it, with its version; null if it is built in."
    )
    options: Json = Field(description="A JSON schema.")
