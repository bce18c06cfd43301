"""How many cores this process may use, which on shared machines are fewer than there are."""

from __future__ import annotations

import os
from contextlib import suppress

# A step of Slurm has its share here, also where the cluster does not confine it to that.
SLURM = ("SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE")


def allotted() -> int:
    """Return the number of cores by affinity, control group and Slurm, whichever allows least."""
    import joblib  # type: ignore[import-untyped]  # half a second, which most commands need not pay

    allowed = [int(joblib.cpu_count())]
    for name in SLURM:
        with suppress(ValueError, KeyError):
            allowed.append(int(os.environ[name]))
            break
    return max(1, min(allowed))
