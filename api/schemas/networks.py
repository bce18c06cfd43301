"""Response models of networks."""

from __future__ import annotations

from pydantic import Field

from api.schemas.base import Json, Out


class NetworkOut(Out):
    """A network that a spec may name; `section` is the JSON schema of its settings."""

    name: str
    title: str
    description: str
    tasks: list[str] = Field(description="The kinds of task that it fits.")
    n_dims: list[int] = Field(description="Axes of its samples: 1 signals, 2 images, 3 volumes.")
    takes: str | None = Field(
        description='What follows a colon in its kind, as in "timm:NAME"; null for nothing.'
    )
    package: str | None = Field(
        description="The package that registers it, with its version; null if it is built in."
    )
    section: Json = Field(description="A JSON schema.")
