"""Fewer workers at once on nodes whose memory was full, until they are quiet.

Only when trials run depends on this, never a result. After a kill for memory a node has one worker
less than it had, possibly none, and one more after each period without another kill. Each kill
doubles the period; a trial that ends there resets it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

FIRST_S = 10.0
LONGEST_S = 300.0
# Kills of several workers within this time are one event, s.
AT_ONCE_S = 5.0


@dataclass(slots=True)
class _Crowd:
    limit: int
    n_before: int  # as many as ran before the kills
    period_s: float
    since: float


class Crowding:
    """See the module. Thread safety: none.

    Args:
        clock: Seconds that never run backwards.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._crowds: dict[str, _Crowd] = {}

    def note_kill(self, node: str, n_left: int) -> None:
        """Take in that a worker of a node was killed for memory, and how many still run there."""
        now, known = self._clock(), self._crowds.get(node)
        period_s = FIRST_S if known is None else known.period_s
        if known is not None and now - known.since > AT_ONCE_S:
            period_s = min(2 * period_s, LONGEST_S)
        n_before = max(n_left + 1, 0 if known is None else known.n_before)
        self._crowds[node] = _Crowd(n_left, n_before, period_s, now)

    def note_end(self, node: str) -> None:
        """Take in that a trial has ended on a node without a kill."""
        if node in self._crowds:
            self._crowds[node].period_s = FIRST_S

    def n_withheld(self, rooms: Mapping[str, int]) -> int:
        """Return how many of the workers that the nodes can hold may not run now.

        One more may where a period has passed. A node is forgotten when it is gone, and when as
        many as at the kills have run for a period.

        Args:
            rooms: How many workers each living node can hold.
        """
        now = self._clock()
        for node, crowd in list(self._crowds.items()):
            if now - crowd.since >= crowd.period_s:
                crowd.limit, crowd.since = crowd.limit + 1, now
            if node not in rooms or crowd.limit > crowd.n_before:
                del self._crowds[node]
        return sum(max(0, rooms[n] - crowd.limit) for n, crowd in self._crowds.items())
