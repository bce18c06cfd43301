"""Foreign text never controls the terminal."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import pytest
import typer
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from densearch.cli import terminal
from densearch.cli.failures import fail
from densearch.cli.main import run
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


JOB = {"id": 1, "state": "RUNNING", "name": "日本 ü", "fraction": 0.5, "created_at": "now"}


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "utf-8", "shift_jis"])
@pytest.mark.parametrize("columns", ["20", "1", "200"])
def test_a_name_that_the_output_cannot_encode_is_printed_as_escapes(
    encoding: str, columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding, newline="\n") for _ in range(2))
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.setenv("COLUMNS", columns)

    def command() -> None:
        show_table(jobs_table([JOB]))
        terminal.console().print(Text("cut off" + "日本 ü" * 9, overflow="ellipsis", no_wrap=True))
        terminal.console().print(ProgressBar(total=2, completed=1, width=9))
        terminal.echo(Path("日本"), err=True)

    run(command)
    out.flush()
    err.flush()
    assert isinstance(out.buffer, io.BytesIO)
    assert isinstance(err.buffer, io.BytesIO)
    name = "日本".encode(encoding, "backslashreplace")
    assert name in out.buffer.getvalue()
    assert name in err.buffer.getvalue()
    assert b"u2026" not in out.buffer.getvalue()


def test_an_argument_of_another_locale_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> None:
        "caf\udce9".encode()

    with pytest.raises(SystemExit) as ended:
        run(command)
    assert ended.value.code == 2
    assert "set LC_ALL=C.UTF-8" in capsys.readouterr().err


def test_no_color_takes_the_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    colours: list[object] = []
    monkeypatch.setattr(typer, "secho", lambda *_, fg, **__: colours.append(fg))
    for value in ("", "1"):
        monkeypatch.setenv("NO_COLOR", value)
        terminal.echo("line", fg="red")
    assert colours == ["red", None]
