"""What the terminal shows of jobs."""

from __future__ import annotations

import pytest

from densearch.cli import tables
from tests.support.screens import printed


class TestJobs:
    def test_a_name_is_never_markup(self) -> None:
        job = {
            "id": 1,
            "state": "RUNNING",
            "name": "[red]x[/nonsense]",
            "fraction": 0.255,
            "created_at": "2026-01-02T03:04:05Z",
            "waits_for": "a dispatcher",
        }
        text = printed(tables.jobs_table([job]))
        for shown in ("[red]x[/nonsense]", "26 %", "2026-01-02 03:04:05", "a dispatcher"):
            assert shown in text


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, "-"),
        (-1, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (185, "3 min 05 s"),
        (7800, "2 h 10 min"),
    ],
)
def test_duration(seconds: float | None, shown: str) -> None:
    assert tables.duration(seconds) == shown
