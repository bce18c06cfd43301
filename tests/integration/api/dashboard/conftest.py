"""Pages that are never outdated, however slow the machine is (`service.storage.answers`)."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def no_answer_is_outdated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.storage.answers.PATIENCE", 0.0)
