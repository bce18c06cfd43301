"""Worker slots: the share of a Ray cluster that each worker holds, its attempts and replies."""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import ray
from ray.exceptions import RayError

from service.capacity import EPSILON, LEAST_MEMORY_PER_CPU
from service.orchestration.messages import Assignment, Ended, Ending
from service.spec import Resources
from workers.pulse import ClusterLostError
from workers.worker import Message

# While a worker waits for a whole node, others start nothing for this long, s; then they may for
# as long; then both times double, and so on.
DRAIN_S = 600.0


class WorkerShape(NamedTuple):
    """CPUs and GPUs that one trial occupies."""

    cpus: float
    gpus: float


NOTHING = WorkerShape(0.0, 0.0)


def shape_of(resources: Resources) -> WorkerShape:
    """Return the CPUs and GPUs that a trial, or a pack of trials, of a job occupies."""
    return WorkerShape(resources.cpus_per_trial, resources.gpus_per_trial)


@dataclass(eq=False)
class Slot:
    """One actor and the attempts, or the measurement, that it runs.

    Attributes:
        shape: The share that it holds; a whole node for one that `is_alone`.
        greeting: Ray's reference to its first reply; None after it has arrived.
        node: The id of its Ray node, empty until it is known.
        replies: Ray's generator of the attempts' messages, or reference to a measurement.
        message: Ray's reference to a message that is not here yet, since `asked_at`.
    """

    shape: WorkerShape
    actor: Any
    number: int
    greeting: Any = None
    is_alone: bool = False
    node: str = ""
    replies: Any = None
    message: Any = None
    asked_at: float = 0.0
    started_at: float = field(default_factory=time.monotonic)
    attempts: dict[int, Assignment] = field(default_factory=dict)
    measurement: int | None = None
    idle_since: float = field(default_factory=time.monotonic)

    @property
    def name(self) -> str:
        """The worker's name in its attempts."""
        return f"worker-{self.number}"

    @property
    def is_idle(self) -> bool:
        """Whether it runs neither attempts nor a measurement."""
        return not self.attempts and self.measurement is None


def memory_share(memory_per_cpu: float) -> float:
    """Return a worker's memory limit per CPU, bytes: at least `LEAST_MEMORY_PER_CPU` if known."""
    return max(memory_per_cpu, LEAST_MEMORY_PER_CPU) if memory_per_cpu else 0.0


def whole_node(
    nodes: Mapping[str, Mapping[str, float]], shape: WorkerShape, avoided: Collection[str] = ()
) -> tuple[WorkerShape, str] | None:
    """Return the share of a worker that is alone on a node, and the node's id.

    The share has all CPUs of the smallest node that holds the shape, and whole GPUs. Nodes in
    `avoided` come last. None if no node holds the shape.
    """
    fitting = [
        (node_id in avoided, node["CPU"], node_id)
        for node_id, node in nodes.items()
        if node.get("CPU", 0.0) + EPSILON >= max(shape.cpus, 2 * EPSILON)
        and node.get("GPU", 0.0) + EPSILON >= shape.gpus
    ]
    if not fitting:
        return None
    _, cpus, node_id = min(fitting)
    return WorkerShape(cpus, min(math.ceil(shape.gpus), nodes[node_id].get("GPU", 0.0))), node_id


def drains(waited_s: float) -> bool:
    """Whether other workers are held back for one that has waited this long for a whole node."""
    length_s = DRAIN_S
    while waited_s >= 2 * length_s:
        waited_s -= 2 * length_s
        length_s *= 2
    return waited_s < length_s


@contextmanager
def losing() -> Iterator[None]:
    """Raise `ClusterLostError` for an error of a call that a healthy cluster never refuses."""
    try:
        yield
    except (RayError, ConnectionError) as error:
        raise ClusterLostError(f"{type(error).__name__}: {str(error).strip()}") from error


def with_news(pending: list[Any], timeout_s: float = 0.0) -> list[Any]:
    """Return the replies that are ready; wait at most `timeout_s` for the first."""
    with losing():
        ready, _ = ray.wait(
            pending,
            num_returns=1 if timeout_s else len(pending),
            timeout=timeout_s,
            fetch_local=False,
        )
    return ready


def ends_of(
    assignments: Sequence[Assignment], slot: Slot, ending: Ending, error: str | None = None
) -> Iterator[tuple[Assignment, Message]]:
    """Yield the ends of attempts whose worker sends no more messages."""
    for assignment in assignments:
        ids = (assignment.attempt_id, assignment.trial_id)
        yield assignment, (Ended(*ids, ending, error=error, worker=slot.name), None)
