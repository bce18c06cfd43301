"""What a server offers and how it is, as the REST API shows it."""

from __future__ import annotations

from typing import Literal, TypedDict

from densearch.answers.trials import Json


class CapabilitiesAnswer(TypedDict):
    """What a sampler can do, see `densearch.sampler.Capabilities`."""

    continuous: bool
    integer: bool
    log: bool
    categorical: bool
    parallel: bool
    seeded: bool
    adaptive: bool
    speculative: bool
    warm_start: bool
    models_values: bool
    needs: str | None


class SamplerAnswer(TypedDict):
    """A sampler that a spec may name; `options` is a JSON schema."""

    name: str
    title: str
    description: str
    capabilities: CapabilitiesAnswer
    installed: bool
    package: str | None
    options: Json


class NetworkAnswer(TypedDict):
    """A network that a spec may name; `section` is the JSON schema of its settings."""

    name: str
    title: str
    description: str
    tasks: list[str]
    n_dims: list[int]
    takes: str | None
    package: str | None
    section: Json


class CheckAnswer(TypedDict):
    """One condition of readiness; `detail` says what was found, or what to do."""

    name: Literal["database", "migrations", "data directory", "dispatcher"]
    ok: bool
    detail: str


class ReadinessAnswer(TypedDict):
    """Whether the service can do its work."""

    ready: bool
    checks: list[CheckAnswer]
