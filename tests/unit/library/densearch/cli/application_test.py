"""The command line of the library alone, and with a server's commands."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from api.cli.commands import SERVER
from densearch import redaction
from densearch.cli import server
from densearch.cli.application import ORDER, SERVER_COMMANDS, build
from densearch.cli.server import DEFAULT_URL, WITHOUT_SERVER, url_of
from densearch.cli.terminal import echo
from tests.support.root import ROOT


def names(app: typer.Typer) -> list[str]:
    root = typer.main.get_command(app)
    return root.list_commands(typer.Context(root))  # type: ignore[attr-defined,no-any-return]


def test_with_a_server_the_commands_stand_in_one_order() -> None:
    assert names(build(SERVER)) == list(ORDER)


def test_without_a_server_its_commands_are_missing_and_help_says_where_they_are() -> None:
    app = build(WITHOUT_SERVER)
    assert names(app) == [name for name in ORDER if name not in SERVER_COMMANDS]
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "300"}).output
    assert "Not installed: serve, api, dispatch, demo, doctor, bench, db" in shown
    assert "./run setup" in shown


@pytest.mark.parametrize("name", SERVER_COMMANDS)
def test_a_command_of_the_server_says_where_it_is(name: str) -> None:
    ended = CliRunner().invoke(build(WITHOUT_SERVER), [name, "--port", "1"])
    assert ended.exit_code == 2
    assert f"{name}" in ended.output
    assert "are not installed here: they come with the server" in ended.output


def test_what_is_no_command_is_refused_as_ever() -> None:
    ended = CliRunner().invoke(build(WITHOUT_SERVER), ["sevre"])
    assert ended.exit_code == 2
    assert "No such command 'sevre'" in ended.output


def test_the_server_is_named_by_the_option_or_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("DENSEARCH_URL", raising=False)
    assert url_of(None) == DEFAULT_URL
    monkeypatch.setenv("DENSEARCH_URL", "http://there:1")
    assert url_of(None) == "http://there:1"
    assert url_of("http://here:2") == "http://here:2"
    assert url_of("http://[") == "http://[", "the client says that it is no address"


def test_the_password_of_an_address_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(redaction, "_learned", set())
    echo(f"job 1: {url_of('http://user:s3cr%40t@there:1')}/jobs/1")
    assert capsys.readouterr().out == "job 1: http://user:***@there:1/jobs/1\n"


def test_the_registered_commands_are_the_servers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", ["", "/nowhere", *sys.path[1:], str(tmp_path)])
    monkeypatch.setattr(server, "ENTRY_POINTS", "server-*.dist-info/entry_points.txt")
    assert server.installed() is WITHOUT_SERVER
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    registered = project["entry-points"][server.GROUP]
    folder = tmp_path / "server-1.0.dist-info"
    folder.mkdir()
    lines = [f"{name} = {value}" for name, value in registered.items()]
    (folder / "entry_points.txt").write_text("\n".join([f"[{server.GROUP}]", *lines]), "utf-8")
    assert server.installed() is SERVER


def test_without_its_extra_the_command_says_what_to_install() -> None:
    code = "import sys; sys.modules['typer'] = None; from densearch.cli.main import main; main()"
    ended = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 1
    assert "typer is not installed" in ended.stderr
    assert "'./library[cli]'" in ended.stderr
    assert "Traceback" not in ended.stderr
