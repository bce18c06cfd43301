"""Fewer workers on a node that was full, and more again when it is quiet."""

from __future__ import annotations

from workers.crowding import FIRST_S, LONGEST_S, Crowding

ROOMS = {"a": 4, "b": 4}


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def made() -> tuple[Crowding, Clock]:
    clock = Clock()
    return Crowding(clock), clock


def test_a_node_that_was_never_full_has_no_limit() -> None:
    assert made()[0].n_withheld(ROOMS) == 0


def test_one_fewer_after_a_kill_and_one_more_after_each_quiet_period() -> None:
    crowding, clock = made()
    crowding.note_kill("a", 2)
    found = []
    for _ in range(4):
        found.append(crowding.n_withheld(ROOMS))
        assert crowding.n_withheld({"a": 1, "b": 1}) == 0  # of workers that take half a node
        clock.now += FIRST_S
    assert found == [2, 1, 0, 0]
    assert crowding.n_withheld({"a": 100}) == 0  # forgotten


def test_each_kill_doubles_the_time_and_an_end_resets_it() -> None:
    crowding, clock = made()
    waited = []
    for _ in range(8):
        crowding.note_kill("a", 0)
        began = clock.now
        while crowding.n_withheld(ROOMS) == 4:
            clock.now += 1.0
        waited.append(clock.now - began)
        clock.now += 6.0
    assert waited == [10.0, 20.0, 40.0, 80.0, 160.0, LONGEST_S, LONGEST_S, LONGEST_S]
    crowding.note_end("a")
    crowding.note_kill("a", 0)
    clock.now += 2 * FIRST_S
    assert crowding.n_withheld(ROOMS) == 3


def test_several_kills_at_once_are_one_event() -> None:
    crowding, clock = made()
    for n_left in (3, 2, 1, 0):
        crowding.note_kill("a", n_left)
    clock.now += FIRST_S
    assert crowding.n_withheld(ROOMS) == 3


def test_a_node_that_left_the_cluster_is_forgotten() -> None:
    crowding, _ = made()
    crowding.note_kill("gone", 0)
    assert crowding.n_withheld(ROOMS) == 0
    assert crowding.n_withheld({"gone": 4}) == 0  # when it comes back
