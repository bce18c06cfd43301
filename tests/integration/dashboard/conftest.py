"""Pages that are never outdated, however slow the machine is (`service.storage.answers`)."""

from __future__ import annotations

import math

import pytest


@pytest.fixture(autouse=True)
def every_answer_is_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.storage.answers.QUICK_S", math.inf)
