"""A cluster that has room and starts no worker is lost."""

from __future__ import annotations

import pytest

from workers import starts
from workers.pulse import HEAR_S, PLACE_S, ClusterLostError, Sight
from workers.slots import Slot, WorkerShape
from workers.starts import Starts

CPU = WorkerShape(1.0, 0.0)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(starts, "time", made)
    return made


def sight(free: float) -> Sight:
    return Sight(0.0, {"a": {"CPU": 2.0}}, {"a": {"CPU": free}})


def starting(*, is_alone: bool = False) -> Slot:
    return Slot(CPU, None, 1, greeting="awaited", is_alone=is_alone)


def test_room_that_is_not_used_is_a_lost_cluster(clock: Clock) -> None:
    found = Starts(is_ours=False)
    found.check(sight(2.0), [starting()])
    clock.now += PLACE_S + 1
    with pytest.raises(ClusterLostError, match="started no worker for 30 s"):
        found.check(sight(2.0), [starting()])


def test_one_that_waits_for_room_or_has_started_is_not_due(clock: Clock) -> None:
    found = Starts(is_ours=True)
    for slots in ([starting(is_alone=True)], [Slot(CPU, None, 1)], []):
        clock.now += HEAR_S + 1
        found.check(sight(1.0), slots)
    clock.now += PLACE_S + 1
    found.note()
    found.check(sight(2.0), [starting()])


@pytest.mark.parametrize("is_ours", [True, False])
def test_a_local_cluster_has_longer_for_what_it_has_allocated(
    clock: Clock, *, is_ours: bool
) -> None:
    found = Starts(is_ours=is_ours)
    found.check(sight(1.0), [starting()])
    clock.now += PLACE_S + 1
    found.check(sight(1.0), [starting()])
    clock.now += HEAR_S
    if not is_ours:
        found.check(sight(1.0), [starting()])
        return
    with pytest.raises(ClusterLostError, match="for 180 s"):
        found.check(sight(1.0), [starting()])
