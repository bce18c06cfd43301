"""What the terminal shows of jobs."""

from __future__ import annotations

import time

import pytest
from rich.table import Table
from rich.text import Text

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


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("UTC", "2026-01-02 23:04:05 UTC"),
        ("Africa/Nairobi", "2026-01-03 02:04:05 (2026-01-02 23:04 UTC)"),
        ("America/New_York", "2026-01-02 18:04:05 (23:04 UTC)"),
    ],
)
def test_a_time_is_local_and_in_utc(
    zone: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setenv("TZ", zone)
        time.tzset()
        found = tables.moment("2026-01-02T23:04:05.678901Z")
    time.tzset()
    assert found == shown
    assert tables.moment("no time") == "no time"


def test_rows_are_lines_on_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # a terminal
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "20")
    table = Table("job", "name", "waits\nfor", "")
    table.add_row("1", Text("[red]"), "", r"\[x]")
    tables.show_table(table)
    tables.show_table(Text("no table"))
    lines = capsys.readouterr().out.split("\n")
    assert lines == ["job: 1", "name: [red]", "[x]", "", "no table", ""]


LEARNING_RATE = {
    "index": 1, "name": "lr", "group": None, "layers": None, "kernel_size": None, "factors": None,
    "positions": None, "low": 0.01, "high": 1.0, "is_log": True, "choices": None,
}  # fmt: skip
DEN = {
    "index": 0, "name": "den[0]", "group": "", "layers": ["conv0", "conv1"], "kernel_size": 3,
    "factors": ["alpha", "beta"], "positions": [[-1], [1]], "low": 0.0, "high": 2.0,
    "is_log": False, "choices": None,
}  # fmt: skip


def test_what_is_searched_has_columns_for_its_layers_where_there_are_densities() -> None:
    rows = [row.split() for row in printed(tables.vector_table([DEN, LEARNING_RATE])).splitlines()]
    assert rows[0] == ["searched", "layers", "kernel", "sets", "range"]
    assert rows[1] == ["den[0]", "all", "3", "alpha,", "beta", "at", "-1,", "+1", "0", "to", "2"]
    rows = [row.split() for row in printed(tables.vector_table([LEARNING_RATE])).splitlines()]
    assert rows == [["searched", "range"], ["lr", "0.01", "to", "1,", "logarithmic"]]
