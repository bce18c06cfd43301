"""How many workers of a shape a cluster can hold, from its last known resources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from densearch.plurals import noun
from service.capacity import n_slots
from workers.pulse import Sight
from workers.slots import Slot, WorkerShape, memory_share


def resources_in(sight: Sight, memory_per_cpu_bytes: float | None) -> dict[str, float]:
    """Return a cluster's CPUs, GPUs and memory, and a worker's memory limit per CPU, bytes.

    Args:
        sight: The cluster's resources.
        memory_per_cpu_bytes: The setting; None takes the smallest memory per CPU of a node.
    """
    return {
        "cpus": sight.total("CPU"),
        "gpus": sight.total("GPU"),
        "memory_bytes": sight.total("memory"),
        "memory_per_cpu_bytes": memory_per_cpu_bytes or memory_share(sight.least_memory_per_cpu()),
    }


def rooms(sight: Sight, shape: WorkerShape) -> dict[str, int]:
    """Return how many workers of a shape each node can hold at once, by the node's id."""
    return {
        node_id: n_slots({"cpus": own.get("CPU", 0.0), "gpus": own.get("GPU", 0.0)}, *shape)
        for node_id, own in sight.nodes.items()
    }


def capacity(sight: Sight, shape: WorkerShape) -> int:
    """Return how many workers of a shape all nodes can hold at once."""
    return sum(rooms(sight, shape).values())


def held_by(slots: Iterable[Slot]) -> WorkerShape:
    """Return the sum of the workers' shares."""
    found = list(slots)
    return WorkerShape(
        sum(slot.shape.cpus for slot in found), sum(slot.shape.gpus for slot in found)
    )


def lack_of(total: Mapping[str, float], shape: WorkerShape) -> str:
    """Return why a cluster with the resources `total` cannot hold a trial, and the remedy."""
    if not total["cpus"]:
        return "the Ray cluster has no workers: start a Ray node with CPUs"
    return (
        f"a trial needs {shape.cpus:g} {noun(shape.cpus, 'CPU')} and "
        f"{shape.gpus:g} {noun(shape.gpus, 'GPU')}, "
        f"the cluster has {total['cpus']:g} and {total['gpus']:g}: add workers, or submit "
        "the job with smaller resources"
    )
