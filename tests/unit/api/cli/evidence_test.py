"""Command `evidence`: what it refuses before anything is started."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli.main import app

RUNNER = CliRunner()


@pytest.mark.parametrize("options", [[], ["--quick", "--full"], ["--full", "--campaign"]])
def test_one_mode_is_needed(options: list[str]) -> None:
    answer = RUNNER.invoke(app, ["evidence", *options])
    assert answer.exit_code == 2
    assert "give one of --quick, --full, --campaign and --page" in answer.stderr


def test_a_wheel_that_is_not_there_is_refused(tmp_path: Path) -> None:
    answer = RUNNER.invoke(app, ["evidence", "--quick", "--aeon", str(tmp_path / "a.whl")])
    assert answer.exit_code == 2
    assert "give the wheel of aeon" in answer.stderr


@pytest.mark.parametrize("left", ["server", "records.json"])
def test_an_earlier_run_is_not_written_over(tmp_path: Path, left: str) -> None:
    (tmp_path / left).mkdir()
    answer = RUNNER.invoke(app, ["evidence", "--quick", "--out", str(tmp_path)])
    assert answer.exit_code == 2
    assert "go on with --resume" in answer.stderr


def test_a_page_needs_the_files_of_a_run(tmp_path: Path) -> None:
    answer = RUNNER.invoke(app, ["evidence", "--page", "--out", str(tmp_path)])
    assert answer.exit_code == 2
    assert "has no run whose page could be written" in answer.stderr
