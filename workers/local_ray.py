"""The local Ray: listens on loopback alone, and its processes inherit no secrets.

It is started by the dispatcher (`LocalRay`), or by a keeper process that outlives dispatchers
(`workers.ray_head`); a dispatcher joins the latter by its `Head`.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ray
import structlog
from ray._common.utils import get_system_memory
from ray._private import ray_constants, worker
from ray._private.node import Node

from service import process_limit
from service.cores import allotted
from service.redaction import secret_names
from service.settings import Settings
from workers.head import Head
from workers.ray_folders import RayFolder, end_processes
from workers.ray_token import keep_token

LOG = structlog.get_logger(__name__)
# Trials send kilobytes; by default Ray would reserve a third of the memory for its object store.
OBJECT_STORE_BYTES = 128 * 1024**2
# The rest of the memory is left to the system, the server and Ray.
MEMORY_SHARE = 0.9
LOOPBACK = "127.0.0.1"
# A raylet that hangs is declared dead after five failed checks: 25 s, with Ray's defaults 65 s.
HEALTH = {"health_check_period_ms": 2_000, "health_check_timeout_ms": 3_000}
# The processes without which Ray does not work: the node's raylet and the cluster's GCS.
VITAL = (ray_constants.PROCESS_TYPE_RAYLET, ray_constants.PROCESS_TYPE_GCS_SERVER)
# Processes of a head node that nothing here asks: they read logs for drivers, report to an
# autoscaler, and answer for a dashboard. Each takes about a second of a CPU at the start, 50 MB,
# and 1 % of a CPU from then on.
_UNUSED = ("start_log_monitor", "start_monitor", "start_api_server")
# Ray's task events, which are not used here, made its GCS grow by 2.5 kB a trial.
_VARIABLES = {
    "OMP_NUM_THREADS": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_task_events_report_interval_ms": "0",
}


class LocalRay:
    """A local Ray whose processes are children of this one.

    Args:
        settings: Gives the numbers of CPUs and GPUs.

    Raises:
        OSError: The disk refuses.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings, self._n_cpus = settings, settings.n_cpus or allotted()
        self._folder = RayFolder()
        keep_token()

    def start(self) -> Head:
        """Start Ray, with this process as its first driver.

        Raises:
            RayError, ConnectionError: It does not start.
            ChildProcessError: It does not, and the limit on processes is too low for it.
        """
        try:
            return self._started()
        except BaseException as error:  # SystemExit, too: Ray raises it at SIGTERM
            self.kill()
            if isinstance(error, Exception) and (lack := process_limit.lack(self._n_cpus)):
                raise ChildProcessError(lack) from error
            raise

    def _started(self) -> Head:
        keep_to_loopback()
        with without_unused_processes():
            connect(
                num_cpus=self._n_cpus,
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
        """Stop Ray, and remove its folder."""
        ray.shutdown()
        self._folder.remove()

    def kill(self) -> None:
        """Kill Ray's processes and remove its folder: stopping blocks while the GCS is dead."""
        end_processes(self._folder.path)
        self._folder.remove()


def _memory_bytes() -> int:
    """Return the memory of all trainings together, from that of the machine or container.

    By default Ray takes the memory that is free at its start, which varies: the same training
    would fit after one start and not after another.
    """
    return max(int(MEMORY_SHARE * get_system_memory()) - OBJECT_STORE_BYTES, OBJECT_STORE_BYTES)


def connect(address: str = "local", **options: Any) -> None:
    """Join a Ray, or start one whose processes inherit the variables set here and no secret.

    Raises:
        RayError, ConnectionError: There is none, or it refuses.
    """
    for name, value in _VARIABLES.items():
        os.environ.setdefault(name, value)
    with without_secrets():
        ray.init(address=address, log_to_driver=False, logging_level=logging.WARNING, **options)


@contextmanager
def without_unused_processes() -> Iterator[None]:
    """Start no process of Ray that nothing here asks, while the block runs.

    `ray.init` has no options for them. A Ray that starts them in another way has them, and works.
    """
    before = {name: getattr(Node, name) for name in _UNUSED if hasattr(Node, name)}
    for name in before:
        setattr(Node, name, _start_nothing)
    try:
        yield
    finally:
        for name, method in before.items():
            setattr(Node, name, method)


def _start_nothing(_node: Node, **_options: object) -> None:
    """Stand for a method of a node that starts a process."""


def keep_to_loopback() -> None:
    """Make Ray's processes listen on loopback alone.

    Ray replaces a loopback address by one that other machines can reach, unless clusters are
    disabled by this switch.
    """
    os.environ[ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR] = "0"
    ray_constants.ENABLE_RAY_CLUSTER = False  # read when Ray was imported


@contextmanager
def without_secrets() -> Iterator[None]:
    """Remove secrets from the environment while processes are started."""
    hidden = {name: os.environ[name] for name in secret_names(os.environ)}
    for name in hidden:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(hidden)
