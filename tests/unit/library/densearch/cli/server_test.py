"""Which server a command talks to, and which server's commands are installed."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import pytest

from api.cli.commands import SERVER
from densearch.cli import server
from densearch.cli.server import DEFAULT_URL, WITHOUT_SERVER, url_of
from densearch.cli.terminal import echo
from tests.support.root import ROOT


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
    capsys: pytest.CaptureFixture[str],
) -> None:
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
