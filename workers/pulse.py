"""A Ray cluster's health and resources, queried by a thread.

Most of Ray's calls block for ever once the GCS, the cluster's central process, is dead or hangs,
and some end the whole process a minute later. The thread queries the cluster for the dispatcher:
it may block, the dispatcher must not. See docs/adr/0021-deaths.md.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

import ray
import structlog
from ray._private import ray_constants, state
from ray.exceptions import RayError

from service.capacity import EPSILON
from workers.head import Processes

LOG = structlog.get_logger(__name__)
# Interval between two queries, s.
ASK_S = 1.0
# Time without an answer after which a cluster is lost, s. A busy one answers in milliseconds.
SILENCE_S = 15.0
# Time for which a cluster may have free resources and start no worker before it is lost, s.
PLACE_S = 30.0
# The same for a local cluster that has allocated workers of which none reports, s.
HEAR_S = 180.0
# Time between two checks from which on the dispatcher itself was suspended, s.
SLEEP_S = 5.0


class ClusterLostError(Exception):
    """Ray is dead or does not respond: the dispatcher ends, and its successor starts or joins Ray.

    Args:
        reason: The observation, a sentence.
        has_node_died: Whether this machine's node died, and all trials on it.
    """

    def __init__(self, reason: str, *, has_node_died: bool = False) -> None:
        self.has_node_died = has_node_died
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Sight:
    """A cluster's resources at the time `at` (monotonic, s).

    Attributes:
        nodes: Total resources of each living node, by its id.
        free: Unallocated resources of each living node, by its id.
    """

    at: float
    nodes: Mapping[str, Mapping[str, float]]
    free: Mapping[str, Mapping[str, float]]

    def total(self, name: str) -> float:
        """Return the total of a resource over all living nodes."""
        return sum(resources.get(name, 0.0) for resources in self.nodes.values())

    def n_held(self, name: str) -> float:
        """Return how much of a resource is allocated on all living nodes, by any process."""
        return self.total(name) - sum(resources.get(name, 0.0) for resources in self.free.values())

    def has_room(self, cpus: float, gpus: float) -> bool:
        """Whether one node has at least these CPUs and GPUs free."""
        return any(
            node.get("CPU", 0.0) + EPSILON >= cpus and node.get("GPU", 0.0) + EPSILON >= gpus
            for node in self.free.values()
        )

    def least_memory_per_cpu(self) -> float:
        """Return the smallest memory per CPU among the nodes, bytes; 0.0 if none has CPUs."""
        having = [own for own in self.nodes.values() if own.get("CPU")]
        return min((own.get("memory", 0.0) / own["CPU"] for own in having), default=0.0)


class Pulse:
    """See the module; queries begin at once.

    Thread safety: the dispatcher's thread alone calls the methods.

    Args:
        vital: Process ids of a local Ray's raylet and GCS, by Ray's names; empty for a joined Ray.

    Raises:
        ClusterLostError: The cluster does not answer.
    """

    def __init__(self, vital: Mapping[str, int]) -> None:
        self._vital = Processes(vital)
        self._node_id: str = ray.get_runtime_context().get_node_id()
        self._checked_at = self._awake_at = time.monotonic()
        self._sight = Sight(self._awake_at, {}, {})
        self._failure: str | None = None
        self._first = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask, name="pulse", daemon=True)
        self._thread.start()
        self._first.wait(SILENCE_S)
        self.check()

    @property
    def sight(self) -> Sight:
        """The cluster's resources at the last answer."""
        return self._sight

    @property
    def node_id(self) -> str:
        """The id of the node that this process is connected to."""
        return self._node_id

    def check(self) -> None:
        """Raise `ClusterLostError` if the cluster is dead, silent, or without this node."""
        dead = self._vital.dead()
        if dead:
            has_node_died = ray_constants.PROCESS_TYPE_RAYLET in dead
            raise ClusterLostError(f"its {dead[0]} process ended", has_node_died=has_node_died)
        age_s = self._silence_s()
        if age_s > SILENCE_S:
            why = f": {self._failure}" if self._failure else ""
            raise ClusterLostError(f"it has not answered for {age_s:.0f} s{why}")
        if self._first.is_set() and self._node_id not in self._sight.nodes:
            raise ClusterLostError("the node of this machine is dead", has_node_died=True)

    def _silence_s(self) -> float:
        """Return for how long the cluster has not answered while this process ran, s."""
        now = time.monotonic()
        if now - self._checked_at > SLEEP_S:
            self._awake_at = now
        self._checked_at = now
        return now - max(self._sight.at, self._awake_at)

    def _ask(self) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                found = ray.nodes()
                free = state.available_resources_per_node()
            except (RayError, ConnectionError, RuntimeError) as error:
                self._failure = f"{type(error).__name__}: {error}"
            else:
                alive = {node["NodeID"]: node["Resources"] for node in found if node["Alive"]}
                free = {node_id: free.get(node_id, {}) for node_id in alive}
                self._sight, self._failure = Sight(began, alive, free), None
                self._first.set()
            self._stop.wait(ASK_S)

    def stop(self) -> None:
        """Stop querying: a query after Ray's end would start a new cluster."""
        self._stop.set()
        self._thread.join(SILENCE_S)
