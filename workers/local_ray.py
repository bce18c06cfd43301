"""A Ray of our own on this machine: reached from it alone, and knowing no secret of ours.

It runs in the process that starts it (`LocalRay`), or in one of its own that outlives dispatchers
(`workers.ray_head`); a dispatcher joins that one by its `Head`.
"""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import ray
import structlog
from ray._common.utils import get_system_memory
from ray._private import ray_constants, worker

from service.redaction import secret_names
from service.settings import Settings
from workers.head import Head
from workers.ray_folders import RayFolder, end_processes

LOG = structlog.get_logger(__name__)
# Trials send kilobytes; Ray's default would claim a third of the memory for its object store.
OBJECT_STORE_BYTES = 128 * 1024**2
# The rest of the memory is the system's, the server's and Ray's.
MEMORY_SHARE = 0.9
LOOPBACK = "127.0.0.1"
# A raylet that hangs is dead after five checks in vain: in 25 s, by Ray's defaults in 65 s.
HEALTH = {"health_check_period_ms": 2_000, "health_check_timeout_ms": 3_000}
# What Ray cannot do without: its node and what keeps its cluster together.
VITAL = (ray_constants.PROCESS_TYPE_RAYLET, ray_constants.PROCESS_TYPE_GCS_SERVER)
# Ray's own record of every task, which nobody reads, made its GCS grow by 2.5 kB a trial.
_VARIABLES = {
    "OMP_NUM_THREADS": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_task_events_report_interval_ms": "0",
}
# By these Ray is given a token, or needs none.
_TOKEN_VARIABLES = ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")


class LocalRay:
    """A Ray of our own, a child of this process.

    Args:
        settings: CPUs, GPUs and the database's address are taken from them.

    Raises:
        OSError: The disk refuses.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = RayFolder()
        _keep_token()

    def start(self) -> Head:
        """Start it, with this process as its first driver.

        Raises:
            RayError, ConnectionError: It does not start.
        """
        keep_to_loopback()
        connect(
            num_cpus=self._settings.n_cpus,
            num_gpus=self._settings.n_gpus,
            include_dashboard=False,
            object_store_memory=OBJECT_STORE_BYTES,
            _memory=_memory_bytes(),
            _node_ip_address=LOOPBACK,
            _system_config=HEALTH,
            _temp_dir=str(self._folder.path),
        )
        node: Any = worker._global_node  # noqa: SLF001 - nothing public names the processes
        pids = {kind: node.all_processes[kind][0].process.pid for kind in VITAL}
        return Head(ray.get_runtime_context().gcs_address, str(self._folder.path), pids)

    def stop(self) -> None:
        """End it, and remove what it left on the disk."""
        ray.shutdown()
        self._folder.remove()

    def kill(self) -> None:
        """End it at once, and remove what it left: its own end waits where its GCS is dead."""
        end_processes(self._folder.path)
        self._folder.remove()


def _memory_bytes() -> int:
    """Return what all trainings together may hold, by what the machine or its container has.

    Ray would count what is free at its start: a training that fits would end for want of memory
    after the next one.
    """
    return max(int(MEMORY_SHARE * get_system_memory()) - OBJECT_STORE_BYTES, OBJECT_STORE_BYTES)


def connect(address: str = "local", **options: Any) -> None:
    """Join a Ray, or start one: all its processes inherit what is set here, and no secret.

    Raises:
        RayError, ConnectionError: There is none, or it refuses.
    """
    for name, value in _VARIABLES.items():
        os.environ.setdefault(name, value)
    with _without_secrets():
        ray.init(address=address, log_to_driver=False, logging_level=logging.WARNING, **options)


def keep_to_loopback() -> None:
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
def _without_secrets() -> Iterator[None]:
    """Take what opens the database out of the environment while processes are started."""
    hidden = {name: os.environ[name] for name in secret_names(os.environ)}
    for name in hidden:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(hidden)
