"""How many cores this process may use, which on shared machines are fewer than there are."""

from __future__ import annotations

import os
from contextlib import suppress

import joblib  # type: ignore[import-untyped]

# A step of Slurm has its share here, also where the cluster does not confine it to that.
SLURM = ("SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE")


def allotted() -> int:
    """Return the number of cores by affinity, control group and Slurm, whichever allows least."""
    allowed = [int(joblib.cpu_count())]
    for name in SLURM:
        with suppress(ValueError, KeyError):
            allowed.append(int(os.environ[name]))
            break
    return max(1, min(allowed))
