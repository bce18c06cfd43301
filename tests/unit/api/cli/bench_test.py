"""`bench operator` hands its options to the measurement and its failure to the user."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli.main import app


@pytest.mark.parametrize("code", [0, 1])
def test_the_measurement_runs_in_a_process_of_its_own(
    monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    seen: list[list[str]] = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[bytes]:
        seen.append(command)
        return subprocess.CompletedProcess(command, code)

    monkeypatch.setattr(subprocess, "run", run)
    words = ["bench", "operator", "--rounds", "3", "--network", "vgg", "--network", "dncnn"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == code
    (command,) = seen
    assert command[2:] == ["-m", "workers.training.overhead", "--rounds", "3",
                           "--network", "vgg", "--network", "dncnn"]  # fmt: skip
    assert ("code 1" in done.output) == bool(code)
