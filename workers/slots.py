"""What of a Ray cluster one worker holds, and the calls to Ray that may find it lost."""

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

# Others begin nothing for so long, so that a node is free for one alone; then as long they do, and
# so on with twice the time, s.
DRAIN_S = 600.0


class WorkerShape(NamedTuple):
    """What one trial occupies."""

    cpus: float
    gpus: float


NOTHING = WorkerShape(0.0, 0.0)


def shape_of(resources: Resources) -> WorkerShape:
    """Return what a trial, or a pack of them, of a job occupies."""
    return WorkerShape(resources.cpus_per_trial, resources.gpus_per_trial)


@dataclass(eq=False)
class Slot:
    """One actor and the attempts, or the measurement, that it is at.

    Attributes:
        shape: The share that it holds; for one that `is_alone`, for one attempt, a whole node.
        greeting: What it answers once it runs, None when that was heard.
        node: The id of its Ray node, empty until it is known.
        replies: What its attempts say, or its measurement.
        message: What the stream has said and is not here yet, since `asked_at`.
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
        """What attempts call the worker."""
        return f"worker-{self.number}"

    @property
    def is_idle(self) -> bool:
        """Whether it may begin something."""
        return not self.attempts and self.measurement is None


def memory_share(memory_per_cpu: float) -> float:
    """Return what a worker may hold for each CPU: on many CPUs more than its part, bytes."""
    return max(memory_per_cpu, LEAST_MEMORY_PER_CPU) if memory_per_cpu else 0.0


def whole_node(
    nodes: Mapping[str, Mapping[str, float]], shape: WorkerShape, avoided: Collection[str] = ()
) -> tuple[WorkerShape, str] | None:
    """Return what a worker of a shape holds to be alone on a node, and the node's id.

    All CPUs of the smallest node that holds the shape, one of `avoided` last, and of its GPUs
    whole ones. None where no node holds it.
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
    """Whether others are held back for one that has waited so long for a node to itself."""
    length_s = DRAIN_S
    while waited_s >= 2 * length_s:
        waited_s -= 2 * length_s
        length_s *= 2
    return waited_s < length_s


@contextmanager
def losing() -> Iterator[None]:
    """Take Ray's refusal to do what always works for the loss of the cluster."""
    try:
        yield
    except (RayError, ConnectionError) as error:
        raise ClusterLostError(f"{type(error).__name__}: {str(error).strip()}") from error


def with_news(pending: list[Any], timeout_s: float = 0.0) -> list[Any]:
    """Return the streams, or results, that are there; wait at most `timeout_s` for the first."""
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
    """Yield the ends of attempts whose worker says nothing any more."""
    for assignment in assignments:
        ids = (assignment.attempt_id, assignment.trial_id)
        yield assignment, (Ended(*ids, ending, error=error, worker=slot.name), None)
