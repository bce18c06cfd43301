"""Imports that take as long as a test wants."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from service.datasets import library, progress
from service.datasets.progress import Stage

PATIENCE_S = 30.0


@contextmanager
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Let imports of this process read 3 of 10 samples, and go on once the event is set."""
    opened, add = threading.Event(), library.add

    def gated(*words: Any, **options: Any) -> Any:  # noqa: ANN401
        watched = options["progress"]
        watched.enter(Stage.READING, 10)
        while not opened.wait(0.01):
            watched.reach(3)
        return add(*words, **options)

    monkeypatch.setattr(progress, "REPORT_EVERY_S", 0.02)
    monkeypatch.setattr(library, "add", gated)
    try:
        yield opened
    finally:
        opened.set()
