"""Answers to wrong tokens are delayed where one address sends many of them."""

from __future__ import annotations

import time

N_PLACES = 256
# So many are answered at once, and one more for each of these intervals, s.
N_AT_ONCE, INTERVAL_S = 10, 6.0
DELAY_S = 1.0


class WrongTokens:
    """Counts wrong tokens by address, in a table whose size is fixed.

    Addresses that share a place of the table are counted together; which do is drawn at each
    start. The right token is never delayed: many clients may come from the address of one proxy.
    """

    def __init__(self) -> None:
        self._counts = [(0.0, 0.0)] * N_PLACES  # how many, and when that was

    def note(self, address: str) -> float:
        """Count a wrong token; return how long its answer is to wait, s."""
        place, now = hash(address) % N_PLACES, time.monotonic()
        before, at = self._counts[place]
        count = max(before - (now - at) / INTERVAL_S, 0.0) + 1
        self._counts[place] = min(count, 2.0 * N_AT_ONCE), now
        return DELAY_S if count > N_AT_ONCE else 0.0
