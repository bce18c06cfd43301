"""What an import reports of itself, when, and how a report ends it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from service.datasets import progress
from service.datasets.progress import ImportProgress, Stage
from service.errors import ImportStoppedError

Seen = list[tuple[Stage, int, int | None]]


def test_stages_are_reported_at_once_and_numbers_when_they_are_due(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: Seen = []
    now = 0.0
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: now))
    watched = ImportProgress(lambda *of: seen.append(of))
    watched.enter(Stage.READING, 10)
    for n_done in range(6):
        watched.reach(n_done)
        now += 0.6 * progress.REPORT_EVERY_S
    watched.enter(Stage.STORING)
    assert seen == [
        (Stage.READING, 0, 10),
        (Stage.READING, 2, 10),
        (Stage.READING, 4, 10),
        (Stage.STORING, 0, None),
    ]


def test_what_a_report_raises_ends_the_import() -> None:
    def stopped(*_of: object) -> None:
        raise ImportStoppedError

    with pytest.raises(ImportStoppedError):
        ImportProgress(stopped).reach(0)
