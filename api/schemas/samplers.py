"""Response models of samplers."""

from __future__ import annotations

from pydantic import Field

from api.schemas.base import Json, Out


class SamplerOut(Out):
    """A sampler that a spec may name; `options` is a JSON schema."""

    name: str
    title: str
    description: str
    capabilities: dict[str, bool | str | None]
    installed: bool = Field(
        description="Whether the extra it needs (`capabilities.needs`) is installed here."
    )
    package: str | None = Field(
        description="The package that registers it, with its version; null if it is built in."
    )
    options: Json
