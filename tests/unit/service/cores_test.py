"""The cores that are allotted, not those of the machine."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from service import cores
from tests.support.root import ROOT

SCRIPT = "from service.cores import allotted; print(allotted())"


def test_a_process_on_one_core_has_one() -> None:
    (first, *_) = sorted(os.sched_getaffinity(0))
    done = subprocess.run(
        [sys.executable, "-c", f"import os; os.sched_setaffinity(0, {{{first}}}); {SCRIPT}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "1\n"


@pytest.mark.parametrize(
    ("variables", "n"),
    [
        ({"SLURM_CPUS_PER_TASK": "1"}, 1),
        ({"SLURM_CPUS_PER_TASK": "1", "SLURM_CPUS_ON_NODE": "64"}, 1),
        ({"SLURM_CPUS_ON_NODE": "1"}, 1),
        ({"SLURM_CPUS_PER_TASK": "100000"}, None),
        ({"SLURM_CPUS_PER_TASK": "many"}, None),
        ({"SLURM_CPUS_PER_TASK": "0"}, 1),
    ],
)
def test_a_share_of_slurm_counts(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], n: int | None
) -> None:
    for name in cores.SLURM:
        monkeypatch.delenv(name, raising=False)
    everything = cores.allotted()
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert cores.allotted() == (n or everything)
