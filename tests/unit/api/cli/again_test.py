"""`again` hands its options to the training and the outcome to the user."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli.main import app


@pytest.mark.parametrize("code", [0, 1])
def test_the_training_runs_in_a_process_of_its_own(
    monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    seen: list[list[str]] = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[bytes]:
        seen.append(command)
        return subprocess.CompletedProcess(command, code)

    monkeypatch.setattr(subprocess, "run", run)
    words = ["again", "345", "--device", "cuda", "--data-dir", "my data"]
    assert CliRunner().invoke(app, words).exit_code == code
    (command,) = seen
    assert command[1:] == ["-P", "-m", "workers.again", "345", "--device", "cuda",
                           "--data-dir", "my data"]  # fmt: skip
    assert CliRunner().invoke(app, ["again", "0"]).exit_code == 2
