"""When a message is sent again: after 5 s, then twice as long each time, for about a day."""

from __future__ import annotations

from collections.abc import Callable
from random import uniform

FIRST_S, LONGEST_S = 5.0, 16_500.0
# The waits between them add up to a day: 5 s, 10 s, ... 10,240 s, then 4 times the longest.
MOST_ATTEMPTS = 17
# Receivers that failed together are not asked again together.
JITTER = 0.2


def wait_s(n_attempts: int, draw: Callable[[float, float], float] = uniform) -> float | None:
    """Return how long to wait after a number of tries, s; None where that was the last.

    Tries are counted, not hours: while no dispatcher runs none are lost, and a clock that is set
    changes nothing.
    """
    if n_attempts >= MOST_ATTEMPTS:
        return None
    usual = min(FIRST_S * 2.0 ** (n_attempts - 1), LONGEST_S)
    return usual * draw(1.0 - JITTER, 1.0 + JITTER)
