"""Worker slots: the share of a Ray cluster that each worker holds, its attempts and replies."""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import ray
from ray.exceptions import RayError

from service.capacity import EPSILON, LEAST_MEMORY_PER_CPU
from service.death import Death
from service.orchestration.messages import Assignment, Ended, Ending
from service.spec import Resources
from workers.exit_status import ExitStatus
from workers.pulse import ClusterLostError
from workers.worker import Message, Process

# While a worker waits for a whole node, others start nothing for this long, s; then they may for
# as long; then both times double, and so on.
DRAIN_S = 600.0
# Time limit for fetching a message that exists, s: after it, the message's node is taken for lost.
FETCH_S = 60.0


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
        process: Its process, None until it is known.
        limit_bytes: Its memory limit; None for none.
        is_dead: Whether it died in a measurement.
        status: How its process will have ended; None on another machine.
        replies: Ray's generator of the attempts' messages, or reference to a measurement.
        message: Ray's reference to a message that is not here yet, since `asked_at`.
    """

    shape: WorkerShape
    actor: Any
    number: int
    greeting: Any = None
    is_alone: bool = False
    node: str = ""
    process: Process | None = None
    limit_bytes: int | None = None
    replies: Any = None
    message: Any = None
    asked_at: float = 0.0
    status: ExitStatus | None = None
    started_at: float = field(default_factory=time.monotonic)
    attempts: dict[int, Assignment] = field(default_factory=dict)
    measurement: int | None = None
    idle_since: float = field(default_factory=time.monotonic)
    is_dead: bool = False

    @property
    def name(self) -> str:
        """The worker's name in its attempts."""
        return f"worker-{self.number}"

    @property
    def awaited(self) -> Any:  # noqa: ANN401 - Ray's reference
        """Ray's reference to what it says next."""
        return self.replies if self.greeting is None else self.greeting

    def give_up(self) -> list[Assignment]:
        """Forget the attempts that it runs, and return them."""
        given = list(self.attempts.values())
        self.attempts.clear()
        return given

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


def greet(slot: Slot, here: str) -> None:
    """Take in a worker's first reply.

    Args:
        slot: The worker's.
        here: Id of this machine's node, whose processes tell how they end.
    """
    greeting, slot.greeting = slot.greeting, None
    with suppress(RayError):  # it has died since: its replies report that
        slot.process = ray.get(greeting, timeout=1.0)
        slot.node = slot.process.node
        if slot.node == here:
            slot.status = ExitStatus(slot.process.pid)


def send(slot: Slot) -> None:
    """Send a worker its attempts."""
    with losing():
        slot.replies = slot.actor.run.options(num_returns="streaming").remote(
            list(slot.attempts.values())
        )


def next_message(slot: Slot) -> Message | None:
    """Return a worker's next message; None while there is none that can be fetched at once.

    Raises:
        RayError: The worker has died, or its code raised.
    """
    try:
        if slot.message is None:
            slot.message, slot.asked_at = next(slot.replies), time.monotonic()
    except StopIteration:
        return None
    is_late = time.monotonic() - slot.asked_at > FETCH_S
    if not (ray.wait([slot.message], timeout=0)[0] or is_late):
        return None
    message: Message = ray.get(slot.message, timeout=0)
    slot.message = None
    return message


def ends_of(
    assignments: Sequence[Assignment],
    slot: Slot,
    ending: Ending,
    error: str | None = None,
    death: Death | None = None,
) -> Iterator[tuple[Assignment, Message]]:
    """Yield the ends of attempts whose worker sends no more messages."""
    for assignment in assignments:
        ended = Ended(
            assignment.attempt_id,
            assignment.trial_id,
            ending,
            error=error,
            worker=slot.name,
            death=death,
        )
        yield assignment, (ended, None)
