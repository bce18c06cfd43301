"""Whether a Ray cluster lives, and what it has, as a thread of its own last heard.

Most of Ray's calls wait for ever once the process that keeps the cluster together (the GCS) is
dead or hangs, and some end the whole process a minute later. The thread asks in the dispatcher's
place: it may block, the dispatcher may not. See docs/adr/0021-deaths.md.
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
# How often the cluster is asked, s.
ASK_S = 1.0
# A cluster that has not answered for so long is lost, s. A busy one takes milliseconds.
SILENCE_S = 15.0
# A cluster that claims room and takes no worker in for so long is lost, s.
PLACE_S = 30.0
# One of our own that has taken workers in, and of them none is heard for so long, as well, s.
HEAR_S = 180.0
# A dispatcher that did not look for so long was asleep itself, s: what it last saw is old.
SLEEP_S = 5.0


class ClusterLostError(Exception):
    """Ray is dead, or cannot be worked with: the dispatcher ends, and the next one starts afresh.

    Args:
        reason: What was seen, as a sentence.
        has_node_died: Whether this machine's node died, and all trials on it.
    """

    def __init__(self, reason: str, *, has_node_died: bool = False) -> None:
        self.has_node_died = has_node_died
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen of a cluster at `at` (monotonic, s).

    Attributes:
        nodes: What each living node has, by its id.
        free: What of it nobody holds, likewise.
    """

    at: float
    nodes: Mapping[str, Mapping[str, float]]
    free: Mapping[str, Mapping[str, float]]

    def total(self, name: str) -> float:
        """Return how much of a resource all living nodes have."""
        return sum(resources.get(name, 0.0) for resources in self.nodes.values())

    def n_held(self, name: str) -> float:
        """Return how much of a resource is held on all living nodes, by whomever."""
        return self.total(name) - sum(resources.get(name, 0.0) for resources in self.free.values())

    def has_room(self, cpus: float, gpus: float) -> bool:
        """Whether one node claims that so much of it is free."""
        return any(
            node.get("CPU", 0.0) + EPSILON >= cpus and node.get("GPU", 0.0) + EPSILON >= gpus
            for node in self.free.values()
        )

    def least_memory_per_cpu(self) -> float:
        """Return the least memory for a CPU that a node has, bytes; 0.0 where none has CPUs."""
        having = [own for own in self.nodes.values() if own.get("CPU")]
        return min((own.get("memory", 0.0) / own["CPU"] for own in having), default=0.0)


class Pulse:
    """See the module; begins to ask at once.

    Thread safety: the dispatcher's thread alone calls the methods.

    Args:
        vital: The processes of a Ray of our own, by what Ray calls them.

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
        """What was last seen."""
        return self._sight

    @property
    def node_id(self) -> str:
        """The node that this process works through."""
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
        """Return for how long the cluster has not answered although this process ran."""
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
        """Ask no more; Ray would start a new cluster for who asks after its end."""
        self._stop.set()
        self._thread.join(SILENCE_S)
