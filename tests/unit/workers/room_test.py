"""How many workers a cluster holds, and what it says where it can hold none."""

from __future__ import annotations

import pytest

from workers.pulse import Sight
from workers.room import capacity, held_by, lack_of, resources_in
from workers.slots import Slot, WorkerShape

SIGHT = Sight(
    0.0,
    nodes={"one": {"CPU": 3.0, "GPU": 1.0, "memory": 6e9}, "two": {"CPU": 3.0, "memory": 9e9}},
    free={},
)


@pytest.mark.parametrize(
    ("shape", "n"), [((1.0, 0.0), 6), ((2.0, 0.0), 2), ((1.0, 0.5), 2), ((4.0, 0.0), 0)]
)
def test_no_worker_lies_on_two_nodes(shape: tuple[float, float], n: int) -> None:
    assert capacity(SIGHT, WorkerShape(*shape)) == n


def test_what_is_free_does_not_matter_to_what_there_is() -> None:
    found = resources_in(SIGHT, 1.5e9)
    assert found == {
        "cpus": 6.0, "gpus": 1.0, "memory_bytes": 15e9, "memory_per_cpu_bytes": 1.5e9
    }  # fmt: skip


def test_without_a_setting_the_node_with_the_least_memory_decides() -> None:
    plenty = Sight(0.0, {**SIGHT.nodes, "two": {"CPU": 3.0, "memory": 900e9}}, {})
    found = [resources_in(of, None)["memory_per_cpu_bytes"] for of in (SIGHT, plenty)]
    assert 0 < found[0] == found[1] <= 2e9


def test_shares_of_workers_add_up() -> None:
    slots = [Slot(WorkerShape(1.0, 0.25), None, n) for n in range(3)]
    assert held_by(slots) == WorkerShape(3.0, 0.75)
    assert held_by([]) == WorkerShape(0.0, 0.0)


def test_what_a_cluster_lacks_is_said_with_the_remedy() -> None:
    shape = WorkerShape(4.0, 0.0)
    assert "start a Ray node" in lack_of({"cpus": 0.0, "gpus": 0.0}, shape)
    assert lack_of(resources_in(SIGHT, None), shape).startswith(
        "a trial needs 4 CPUs and 0 GPUs, the cluster has 6 and 1: add workers"
    )
