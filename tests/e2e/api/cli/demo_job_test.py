"""The demo's server ends with the demo, however that ends."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from tests.support.product import DENSEARCH, PATIENCE_S, environment
from tests.support.specs import TINY


@pytest.mark.ray
def test_a_demo_that_is_ended_takes_its_server_along(tmp_path: Path) -> None:
    job = tmp_path / "job.json"
    job.write_text(json.dumps(TINY))
    demo = subprocess.Popen(
        [DENSEARCH, "demo", "--job", str(job), "--out", str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(DENSEARCH_N_CPUS="1"),
    )
    assert demo.stdout is not None
    assert demo.stdout.readline().startswith("dashboard: http://")
    time.sleep(0.5)
    family = psutil.Process(demo.pid).children(recursive=True)
    assert family
    demo.send_signal(signal.SIGTERM)
    demo.stdout.read()
    demo.stdout.close()
    assert demo.wait(PATIENCE_S) == 128 + signal.SIGTERM
    _, alive = psutil.wait_procs(family, timeout=PATIENCE_S)
    assert not alive
