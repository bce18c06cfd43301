"""A Ray of our own on this machine: reached from it alone, and knowing no secret of ours."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import structlog
from ray._private import ray_constants
from sqlalchemy.engine import make_url

from service.settings import PREFIX, Settings
from workers.ray_folders import RayFolder

LOG = structlog.get_logger(__name__)
# Trials send kilobytes; Ray's default would claim a third of the memory for its object store.
OBJECT_STORE_BYTES = 128 * 1024**2
LOOPBACK = "127.0.0.1"
# A raylet that hangs is dead after five checks in vain: in 25 s, by Ray's defaults in 65 s.
HEALTH = {"health_check_period_ms": 2_000, "health_check_timeout_ms": 3_000}
# By these Ray is given a token, or needs none.
_TOKEN_VARIABLES = ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")


class LocalRay:
    """What a Ray of our own is started with.

    Args:
        settings: CPUs, GPUs and the database's address are taken from them.

    Raises:
        OSError: The disk refuses.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = RayFolder()
        _keep_to_loopback()
        _keep_token()

    @property
    def folder(self) -> Path:
        """Where it keeps its sockets and logs."""
        return self._folder.path

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `ray.init`."""
        return {
            "num_cpus": self._settings.n_cpus,
            "num_gpus": self._settings.n_gpus,
            "include_dashboard": False,
            "object_store_memory": OBJECT_STORE_BYTES,
            "_node_ip_address": LOOPBACK,
            "_system_config": HEALTH,
            "_temp_dir": str(self._folder.path),
        }

    def remove(self) -> None:
        """Remove what it left on the disk, once it has ended."""
        self._folder.remove()


def _keep_to_loopback() -> None:
    """Have Ray's processes listen on loopback alone.

    Ray replaces a loopback address by one that others can reach, but for where it is not to make
    clusters, as on the desktops that this switch is named for.
    """
    os.environ[ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR] = "0"
    ray_constants.ENABLE_RAY_CLUSTER = False  # read when Ray was imported


def _keep_token() -> None:
    """Make Ray's token, if there is none, so that nobody else can read it: Ray would not care."""
    has_other = any(os.environ.get(name) for name in _TOKEN_VARIABLES)
    if has_other or os.environ.get("RAY_AUTH_MODE") == "disabled":
        return
    path = Path.home() / ".ray" / "auth_token"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = path.with_name(f"auth_token.{os.getpid()}")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
        with suppress(FileExistsError):
            os.link(part, path)
        part.unlink()
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
    except OSError as error:
        LOG.warning("Ray's token could not be made private", path=str(path), error=str(error))


@contextmanager
def without_secrets(settings: Settings) -> Iterator[None]:
    """Take what opens the database out of the environment while processes are started."""
    password = make_url(settings.resolved_database_url).password
    hidden = {
        name: value for name, value in os.environ.items() if _is_secret(name, value, password)
    }
    for name in hidden:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(hidden)


def _is_secret(name: str, value: str, password: object) -> bool:
    if name.startswith("PG") or name.upper() == f"{PREFIX}DATABASE_URL":
        return True
    return bool(password) and (value == str(password) or f":{password}@" in value)
