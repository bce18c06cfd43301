"""A cluster's resources at a time: what is there, what is held, and whether a node has room."""

from __future__ import annotations

import pytest

from workers.pulse import Sight

SIGHT = Sight(
    0.0,
    nodes={
        "one": {"CPU": 8.0, "GPU": 1.0, "memory": 16e9},
        "two": {"CPU": 4.0, "memory": 4e9},
        "head": {"memory": 1e9},  # a node that only drives the cluster
    },
    free={"one": {"CPU": 2.0}, "two": {"CPU": 3.0}, "head": {}},
)


def test_totals_are_those_of_all_nodes() -> None:
    assert [SIGHT.total(name) for name in ("CPU", "GPU", "TPU")] == [12.0, 1.0, 0.0]
    assert [SIGHT.n_held(name) for name in ("CPU", "GPU")] == [7.0, 1.0]


@pytest.mark.parametrize(
    ("cpus", "gpus", "has_room"),
    [(3.0, 0.0, True), (3.00000001, 0.0, True), (4.0, 0.0, False), (1.0, 0.5, False)],
)
def test_a_worker_needs_its_share_on_one_node(cpus: float, gpus: float, has_room: bool) -> None:
    """Five CPUs are free, on two nodes; free shares are sums of fractions, so nearly is enough."""
    assert SIGHT.has_room(cpus, gpus) is has_room


def test_the_least_memory_of_a_cpu_is_that_of_a_node_with_cpus() -> None:
    assert SIGHT.least_memory_per_cpu() == 1e9
    assert Sight(0.0, {"head": {"memory": 1e9}}, {}).least_memory_per_cpu() == 0.0
