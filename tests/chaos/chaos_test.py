"""The short form of `./run chaos`: the most informative faults, once each."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.root import ROOT

# The last one ends everything.
FAULTS = ("sampler", "worker", "tree")
# A job with packs, rungs, checkpoints, a control and an evaluation, and one whose sampler has a
# process of its own. `./run chaos` has two more: every other sampler, promotions, a gradient.
JOBS = ("packs", "model")
# Of this seed the sampler dies early, while it is still asked, the worker while packs are trained,
# and then all processes: they strike the same round of jobs.
SEED = 651


@pytest.mark.ray
@pytest.mark.timeout(900)
def test_jobs_survive_the_death_of_every_process() -> None:
    command = [sys.executable, "-m", "tests.chaos", "--untimed", "--only", ",".join(FAULTS)]
    # What is expected comes from packs of another width, without Ray.
    command += ["--jobs", ",".join(JOBS), "--in-process"]
    # A separate process, since it adopts the orphans of the processes that it kills.
    done = subprocess.run(
        [*command, "--kills", str(len(FAULTS)), "--seed", str(SEED)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(FAULTS)} faults, 2 of 2 jobs equal" in done.stdout, done.stdout
