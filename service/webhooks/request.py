"""What a request may say about a webhook."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from service.webhooks.signing import read_secret

Kind = Literal["job.started", "job.succeeded", "job.failed", "job.cancelled", "job.best_improved"]
Secret = Annotated[
    str,
    Field(max_length=100, description="whsec_ and 24 to 64 random bytes in base64."),
    AfterValidator(read_secret),
]


def _once(kinds: list[Kind]) -> list[Kind]:
    return sorted(set(kinds), key=get_args(Kind).index)


class WebhookSpec(BaseModel):
    """A webhook as it is wanted; one with this id is changed, and switched on."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    id: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]{0,63}$",
        description="Its name: lower-case letters, digits and hyphens.",
    )
    url: str = Field(min_length=1, max_length=2_000, description="Where messages are posted.")
    events: Annotated[list[Kind], AfterValidator(_once)] = Field(
        default_factory=lambda: list(get_args(Kind)),
        min_length=1,
        max_length=20,
        description="What it gets; all if unset.",
    )
    secret: Secret | None = Field(
        default=None, description="Signs its messages; one is made for a new webhook if unset."
    )


class SecretRotation(BaseModel):
    """Another secret of a webhook."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    secret: Secret | None = Field(default=None, description="One is made if unset.")
