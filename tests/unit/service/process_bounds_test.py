"""Bounds of a process, looked at from inside one that was started for it."""

from __future__ import annotations

import json
import subprocess
import sys

LOOK = """
import json, os, resource
from service import process_bounds
before = resource.getrlimit(resource.RLIMIT_CPU)
process_bounds.bound(data_bytes=2**30)
print(json.dumps([
    os.nice(0), resource.getrlimit(resource.RLIMIT_DATA),
    resource.getrlimit(resource.RLIMIT_CPU) == before,
]))
process_bounds.bound(cpu_s=1)
while True:
    pass
"""


def test_a_process_is_bound_once_and_for_good() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", LOOK], capture_output=True, text=True, check=False, timeout=120
    )
    assert ended.returncode < 0, ended.stderr  # a signal: it used its second
    niceness, data, is_as_before = json.loads(ended.stdout)
    assert niceness >= 5
    assert data == [2**30, 2**30]
    assert is_as_before
