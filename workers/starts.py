"""Whether a Ray cluster that has room starts the workers that it was asked for."""

from __future__ import annotations

import time
from collections.abc import Sequence

from service.capacity import EPSILON
from workers import room
from workers.pulse import HEAR_S, PLACE_S, ClusterLostError, Sight
from workers.slots import Slot


class Starts:
    """Measures for how long workers have been due. Thread safety: none.

    Args:
        is_ours: Whether no other driver uses the cluster.
    """

    def __init__(self, *, is_ours: bool) -> None:
        self._is_ours = is_ours
        self._due_since = time.monotonic()

    def note(self) -> None:
        """Take in that a worker has started."""
        self._due_since = time.monotonic()

    def check(self, sight: Sight, slots: Sequence[Slot]) -> None:
        """Raise `ClusterLostError` if workers have been due for too long."""
        now = time.monotonic()
        starting = [s.shape for s in slots if s.greeting is not None and not s.is_alone]
        held = room.held_by(slots)
        has_all_cpus = sight.n_held("CPU") + EPSILON >= held.cpus
        are_taken_in = has_all_cpus and sight.n_held("GPU") + EPSILON >= held.gpus
        if are_taken_in:
            is_due, limit_s = bool(starting) and self._is_ours, HEAR_S
        else:
            is_due, limit_s = any(sight.has_room(*shape) for shape in starting), PLACE_S
        if not is_due:
            self._due_since = now
        if now - self._due_since > limit_s:
            raise ClusterLostError(f"it has room and has started no worker for {limit_s:g} s")
