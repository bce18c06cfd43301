"""What the doctor tries: a training, on the CPU, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.root import ROOT


def probed(name: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "workers.probe", name]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


# tests/e2e/journey_test.py has the doctor do both.
@pytest.mark.slow
def test_a_network_is_trained() -> None:
    done = probed("train")
    assert done.returncode == 0, done.stderr
    assert "trains an epoch" in done.stdout


@pytest.mark.slow
@pytest.mark.ray
def test_ray_starts_and_ends() -> None:
    done = probed("ray")
    assert done.returncode == 0, done.stderr
    assert "a worker answers" in done.stdout
