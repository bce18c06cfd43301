"""A clock that moves only when a test steps it."""

from __future__ import annotations

from datetime import timedelta

from service import clock


class SteppedClock:
    """Starts at the present time."""

    def __init__(self) -> None:
        self.now = clock.now()

    def step(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
