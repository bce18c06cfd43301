"""The command `mcp` without its extra: one sentence with the remedy, and nothing on stdout."""

from __future__ import annotations

import sys

import pytest
from typer.testing import CliRunner

from api.cli.main import app


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("api.agents")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mcp", None)
    monkeypatch.setitem(sys.modules, "mcp.server", None)
    monkeypatch.setitem(sys.modules, "mcp.server.mcpserver", None)
    ended = CliRunner().invoke(app, ["mcp"])
    assert ended.exit_code == 2
    assert "install densearch-server with the extra 'mcp'" in ended.stderr
    assert ended.stdout == ""
