"""The lower bound for a training's memory, compared with measured peaks."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from service.costs import memory
from service.validation import parse
from tests.support.peaks import CASES


@pytest.fixture(scope="module")
def peaks() -> list[int]:
    command = [sys.executable, "-m", "tests.support.peaks"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=280)
    found: list[int] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    "index", range(len(CASES)), ids=[f"{n['kind']}-{size}" for _, n, size in CASES]
)
def test_the_least_is_at_most_the_peak_and_at_least_half_of_it(
    peaks: list[int], index: int
) -> None:
    task, network, batch_size = CASES[index]
    spec = parse.parse(
        {
            "name": "peak",
            "task": task,
            "network": network,
            "training": {"batch_size": batch_size},
            "samplers": ["random"],
            "budget": {"n_trials": 1},
        }
    )
    need = memory.need_of(spec)
    assert need is not None
    assert need.bytes <= peaks[index] <= 2 * need.bytes
    # The network's part is most of the memory, not the process alone.
    assert need.bytes > 1.4 * memory.LEAST_PROCESS_BYTES
