"""A signal at any moment ends a command soon, with what it has started and without a traceback."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from tests.support.product import DENSEARCH, PATIENCE_S, environment
from tests.support.root import ROOT


def test_the_doctor_takes_its_checks_along(tmp_path: Path) -> None:
    with subprocess.Popen(
        [DENSEARCH, "doctor", "--data-dir", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as doctor:
        deadline = time.monotonic() + PATIENCE_S
        while not (checks := psutil.Process(doctor.pid).children(recursive=True)):
            assert time.monotonic() < deadline
            assert doctor.poll() is None
            time.sleep(0.02)  # to look is work, too
        doctor.send_signal(signal.SIGINT)
        _, said = doctor.communicate(timeout=PATIENCE_S)
        assert (doctor.returncode, said) == (-signal.SIGINT, "")
    _, alive = psutil.wait_procs(checks, timeout=PATIENCE_S)
    assert not alive


@pytest.mark.slow
def test_every_command_ends_within_5_s_at_many_moments() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.endings", "--step", "1"],
        cwd=ROOT,
        env=environment(),
        check=False,
    )
    assert done.returncode == 0
