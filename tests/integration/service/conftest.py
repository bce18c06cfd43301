"""Fixtures of the service's tests."""

from __future__ import annotations

import pytest

from service import clock
from tests.support.stepped_clock import SteppedClock


@pytest.fixture
def stepped(monkeypatch: pytest.MonkeyPatch) -> SteppedClock:
    """The clock of the service, which moves by `step` alone."""
    made = SteppedClock()
    monkeypatch.setattr(clock, "now", lambda: made.now)
    return made
