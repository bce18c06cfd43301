"""A process that is computing ends with the dispatcher."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.asking import (
    ODD,
    until,
)


def test_a_process_that_thinks_ends_with_the_dispatcher() -> None:
    program = f"""
from densearch.sampler import Entry, StudyPlan
from workers.asking.ask import Ask, Asked
from workers.asking.child import AskLimits
from workers.asking.pool import AskingPool
import time
pool = AskingPool(1, AskLimits(600.0, 0))
log = [Entry((0.5, 0.5), 1.0, number) for number in range(4)]
pool.put(Ask(Asked(1, 1, "{ODD}:Sleeping", StudyPlan(2, 8, 5), is_short=True), "plan", log))
while not pool.pids():
    time.sleep(0.01)
print(*pool.pids(), flush=True)
time.sleep(600)
"""
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert Path(f"/proc/{pid}").exists()
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until(lambda: not Path(f"/proc/{pid}").exists())
