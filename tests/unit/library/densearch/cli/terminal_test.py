"""Foreign text never controls the terminal."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rich.table import Table
from rich.text import Text

from densearch.cli import terminal
from densearch.cli.failures import fail
from densearch.cli.tables import jobs_table, show_table

HOSTILE = "a\x1b]0;owned\x07\x1b[31m\u202eb\x9b2J\r"
SHOWN = r"a\x1b]0;owned"
FOLDER = Path(terminal.__file__).parent


def check(text: str) -> None:
    assert SHOWN in text
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)


def test_lines_and_errors_are_printed_with_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.echo(HOSTILE)
    check(capsys.readouterr().out)
    with pytest.raises(SystemExit):
        fail(HOSTILE)
    found = capsys.readouterr().err
    check(found)
    assert r"\u202eb" in found


def test_tables_are_printed_with_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    job = {"id": 1, "state": "RUNNING", "name": HOSTILE, "fraction": 0.5, "created_at": "now"}
    show_table(jobs_table([job]))
    check(capsys.readouterr().out)
    out = terminal.console()
    out.print(Text(HOSTILE))
    out.print(HOSTILE, markup=False)
    table = Table(HOSTILE)
    table.add_row(Text.assemble("x", HOSTILE))
    out.print(table)
    check(capsys.readouterr().out)


def test_nothing_is_printed_in_another_way() -> None:
    for path in FOLDER.glob("*.py"):
        if path.name != "terminal.py":
            found = re.findall(r"typer\.s?echo|click\.echo|Console\(", path.read_text("utf-8"))
            assert found == [], path
