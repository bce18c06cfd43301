"""The lower bound for a training's memory, compared with measured peaks."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from service.costs import memory
from tests.support import resolved_jobs
from tests.support.peaks import CASES

# A case of each kind of output: weights are most of the memory of one, samples of the other. The
# rest by hand.
QUICK = {"vgg-2", "dncnn-128"}
NAMES = [f"{network['kind']}-{batch_size}" for _, network, batch_size in CASES]


def peak_of(index: int) -> int:
    command = [sys.executable, "-m", "tests.support.peaks", str(index)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=280)
    (found,) = json.loads(done.stdout)
    return int(found)


@pytest.mark.parametrize(
    "index",
    [
        pytest.param(index, marks=[] if name in QUICK else [pytest.mark.slow], id=name)
        for index, name in enumerate(NAMES)
    ],
)
def test_the_least_is_at_most_the_peak_and_at_least_half_of_it(index: int) -> None:
    task, network, batch_size = CASES[index]
    job = resolved_jobs.resolved(
        {
            "name": "peak",
            "task": task,
            "network": network,
            "training": {"batch_size": batch_size},
            "samplers": ["random"],
            "budget": {"n_trials": 1},
        }
    )
    need = memory.need_of(job)
    assert need is not None
    assert need.bytes <= peak_of(index) <= 2 * need.bytes
    # The network's part is most of the memory, not the process alone.
    assert need.bytes > 1.4 * memory.LEAST_PROCESS_BYTES
