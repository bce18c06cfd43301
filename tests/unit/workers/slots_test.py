"""When others are held back for a trial that needs a node to itself."""

from __future__ import annotations

from workers.pulse import Sight
from workers.slots import DRAIN_S, WorkerShape, drains, whole_node


def test_others_wait_and_then_work_for_as_long() -> None:
    cycles = [(0.0, 1), (2.0, 2), (6.0, 4)]  # start and length of each, in DRAIN_S
    for start, length in cycles:
        assert drains((start + 0.1) * DRAIN_S)
        assert drains((start + length - 0.1) * DRAIN_S)
        assert not drains((start + length + 0.1) * DRAIN_S)
        assert not drains((start + 2 * length - 0.1) * DRAIN_S)


def test_what_no_single_node_has_is_no_room() -> None:
    half = {"CPU": 2.0, "GPU": 0.4}
    sight = Sight(
        0.0, {"a": {"CPU": 6.0, "GPU": 1.0}, "b": {"CPU": 6.0, "GPU": 1.0}}, {"a": half, "b": half}
    )
    assert not sight.has_room(4.0, 0.0)
    assert not sight.has_room(1.0, 0.6)
    assert sight.has_room(2.0, 0.4)
    assert sight.n_held("CPU") == 8.0


NODES = {
    "small": {"CPU": 4.0},
    "large": {"CPU": 16.0, "GPU": 2.0},
    "huge": {"CPU": 64.0, "GPU": 8.0},
}


def test_alone_on_a_node_is_all_of_its_cpus_and_whole_gpus() -> None:
    assert whole_node(NODES, WorkerShape(1.0, 0.0)) == (WorkerShape(4.0, 0.0), "small")
    assert whole_node(NODES, WorkerShape(1.0, 0.25)) == (WorkerShape(16.0, 1.0), "large")
    assert whole_node(NODES, WorkerShape(8.0, 0.0)) == (WorkerShape(16.0, 0.0), "large")
    assert whole_node({"half": {"CPU": 2.0, "GPU": 0.5}}, WorkerShape(1.0, 0.3)) == (
        WorkerShape(2.0, 0.5),
        "half",
    )
    assert whole_node(NODES, WorkerShape(100.0, 0.0)) is None


def test_a_node_that_failed_a_trial_is_the_last_choice() -> None:
    assert whole_node(NODES, WorkerShape(1.0, 0.5), {"large"}) == (WorkerShape(64.0, 1.0), "huge")
    assert whole_node(NODES, WorkerShape(1.0, 0.5), {"large", "huge"}) == (
        WorkerShape(16.0, 1.0),
        "large",
    )
