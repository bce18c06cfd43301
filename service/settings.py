"""Settings from the environment, prefix DENSEARCH_; an unknown variable is refused at start."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import quote

from pydantic import (
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from densearch import bearer
from service import database_url
from service.capacity import LEAST_MEMORY_PER_CPU
from service.checkpoint_files import CheckpointRule
from service.errors import SettingsError
from service.hosts import PublicAddress, pattern_of, public_address
from service.redaction import learn, learn_token

PREFIX = "DENSEARCH_"
# The value of `ray_address` that starts no Ray and joins none.
WITHOUT_RAY = "none"


def _listed(value: object) -> object:
    """Read a list of paths as PATH is read."""
    return [part for part in value.split(os.pathsep) if part] if isinstance(value, str) else value


def _each(read: Callable[[str], str]) -> BeforeValidator:
    """Return a validator that reads each of several texts, separated by commas or blanks."""

    def all_read(value: object) -> object:
        parts = re.split(r"[,\s]+", value) if isinstance(value, str) else value
        if not isinstance(parts, (list, tuple)) or not all(isinstance(p, str) for p in parts):
            return value
        return tuple(read(part) for part in parts if part)

    return BeforeValidator(all_read)


def _network(text: str) -> str:
    try:
        return str(ip_network(text))
    except ValueError as error:
        raise ValueError(
            f"{text!r} is neither an address nor a network: write 127.0.0.1, 10.0.0.0/8 or ::1, "
            "divided by commas"
        ) from error


def _public(value: object) -> object:
    return str(public_address(value)) if isinstance(value, str) and value else value or None


# Not JSON, as the settings would have it otherwise.
Paths = Annotated[tuple[Path, ...] | None, NoDecode, BeforeValidator(_listed)]
HostNames = Annotated[tuple[str, ...] | None, NoDecode, _each(pattern_of)]
Networks = Annotated[tuple[str, ...] | None, NoDecode, _each(_network)]
PublicUrl = Annotated[str | None, BeforeValidator(_public)]


class Settings(BaseSettings):
    """Everything that may differ between two installations. See docs/settings.md."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="forbid", frozen=True, hide_input_in_errors=True
    )

    data_dir: Path = Field(
        default=Path("data"), description="Directory of the SQLite file and the artifacts."
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="Address of a PostgreSQL database; SQLite under data_dir when unset.",
    )
    host: str = Field(default="127.0.0.1", description="Address the API listens on.")
    port: int = Field(default=8080, ge=0, le=65535, description="Port the API listens on.")
    allow_remote: bool = Field(
        default=False, description="Allow listening beyond loopback; this needs a token."
    )
    token: SecretStr | None = Field(
        default=None, description="Secret that every request must carry; none if unset."
    )
    allow_no_token: bool = Field(
        default=False, description="Allow listening beyond loopback without a token."
    )
    allowed_hosts: HostNames = Field(
        default=None,
        description="Host names of the server, in addition to localhost and the machine's own.",
    )
    public_url: PublicUrl = Field(
        default=None,
        description="Where a reverse proxy publishes the server: origin, and path if it has one.",
    )
    trusted_proxies: Networks = Field(
        default=None,
        description="Addresses or networks of proxies whose X-Forwarded-For and -Proto are read.",
    )
    url: str = Field(
        default="http://127.0.0.1:8080", description="Server that the client commands talk to."
    )
    max_body_bytes: int = Field(
        default=1_000_000, ge=1_000, description="Largest request body accepted, bytes."
    )
    request_timeout_s: float = Field(
        default=12.0,
        ge=1,
        le=3600,
        description="How long an answer may take to begin before it is 503, s.",
    )
    max_campaign_cells: int = Field(
        default=1_000, ge=1, le=10_000, description="Most cells of a campaign, each a job."
    )
    max_dataset_bytes: int = Field(
        default=4 * 2**30, ge=1_000, description="Largest upload of a data set, bytes."
    )
    max_dataset_files: int = Field(
        default=2_000_000, ge=1, le=5_000_000, description="Most files of a data set."
    )
    max_dataset_samples: int = Field(
        default=5_000_000, ge=2, le=2**31 - 1, description="Most samples of a data set."
    )
    max_image_pixels: int = Field(
        default=80_000_000, ge=1, le=2**31 - 1, description="Most pixels of an image."
    )
    webhook_allow_private: bool = Field(
        default=False, description="Allow webhooks to addresses that are not public."
    )
    dataset_roots: Paths = Field(
        default=None,
        description='Folders that may become data sets, divided by ":"; none when unset.',
    )
    ray_address: str = Field(
        default="local",
        description='"local" starts a Ray of its own, "none" uses no Ray and runs external jobs '
        "alone; else the address of a cluster to join.",
    )
    n_cpus: int | None = Field(
        default=None,
        ge=1,
        description="CPUs of a local Ray; those allotted to the process when unset.",
    )
    n_gpus: int | None = Field(
        default=None, ge=0, description="GPUs of a local Ray; all when unset."
    )
    memory_per_cpu_bytes: int | None = Field(
        default=None,
        ge=LEAST_MEMORY_PER_CPU,
        description="Memory of a training for each CPU of its share; of the machine's if unset.",
    )
    readers: int | None = Field(
        default=None,
        ge=0,
        le=256,
        description="Processes that read images for a training; one for each CPU of it if unset.",
    )
    poll_s: float = Field(
        default=0.2, gt=0, le=10, description="How often the dispatcher looks for new orders, s."
    )
    lease_s: float = Field(
        default=15.0, ge=1, description="How long a silent dispatcher keeps its jobs, s."
    )
    max_attempts: int = Field(
        default=3, ge=1, description="Tries at a trial whose code raises before it is FAILED."
    )
    ask_s: float = Field(
        default=600.0,
        ge=1,
        le=86_400,
        description="Longest time that one ask of a costly sampler may take, s.",
    )
    ask_memory_bytes: int = Field(
        default=4 * 2**30,
        ge=2**28,
        description="Most memory of a process that asks costly samplers, bytes.",
    )
    price_per_cpu_hour: float | None = Field(
        default=None, ge=0, le=1e6, description="Money for an hour of one CPU; none when unset."
    )
    price_per_gpu_hour: float | None = Field(
        default=None, ge=0, le=1e6, description="Money for an hour of one GPU; none when unset."
    )
    currency: str = Field(
        default="EUR", max_length=8, description="Of the prices, as it is shown."
    )
    checkpoint_s: float = Field(
        default=180.0,
        ge=0,
        le=1e6,
        description="Seconds between two checkpoints of a training; 0 keeps none.",
    )
    checkpoint_bytes: int = Field(
        default=10 * 2**30, ge=0, description="Most that all checkpoints take on disk, bytes."
    )
    keep_days: float | None = Field(
        default=None,
        ge=1,
        le=36_500,
        description="Days after its end that a job keeps events, measurements and keys.",
    )
    log_level: str = Field(
        default="INFO",
        pattern="^(DEBUG|INFO|WARNING|ERROR)$",
        description="Least severe message that is logged.",
    )
    log_json: bool = Field(default=False, description="Write the log as JSON lines.")

    @field_validator("database_url")
    @classmethod
    def _read_database(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        learn(value.get_secret_value())  # as it is written in the environment
        return SecretStr(database_url.read(value.get_secret_value()))

    @field_validator("token")
    @classmethod
    def _read_token(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            learn_token(bearer.read(value.get_secret_value()))
        return value

    @model_validator(mode="after")
    def _learn_passwords(self) -> Self:
        for url in (self.resolved_database_url, self.url):
            learn(url)
        return self

    @property
    def public_address(self) -> PublicAddress | None:
        """Where a reverse proxy publishes the server; None without one."""
        return public_address(self.public_url) if self.public_url else None

    @property
    def sqlite_path(self) -> Path:
        """Where the SQLite file lies when no database_url is set."""
        return self.data_dir / "densearch.sqlite3"

    @property
    def checkpoint_rule(self) -> CheckpointRule | None:
        """When checkpoints are kept, None where none are."""
        if self.checkpoint_s == 0:
            return None
        return CheckpointRule(self.checkpoint_s, self.checkpoint_bytes)

    @property
    def resolved_database_url(self) -> str:
        """The database to use, as a SQLAlchemy URL; it may hold a password: never print it."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{quote(str(self.sqlite_path.absolute()), safe=' +/')}"


def _refuse_unknown() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for name in sorted(os.environ):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            listed = ", ".join(sorted(known))
            raise SettingsError(f"unknown setting {name}: unset it, or use one of {listed}")


def load(**overrides: object) -> Settings:
    """Read the environment; `overrides` that are not None win over it.

    Raises:
        SettingsError: A variable is unknown or its value is not usable.
    """
    _refuse_unknown()
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        settings = Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        lines = [
            f"{PREFIX}{'.'.join(map(str, item['loc'])).upper()}: "
            f"{item['msg'].removeprefix('Value error, ')}"
            for item in error.errors(include_input=False)
        ]
        raise SettingsError("; ".join(lines)) from error
    return settings
