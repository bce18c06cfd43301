"""Process-wide settings that make trainings repeatable and fast."""

from __future__ import annotations

import ctypes
import os
import sys
from functools import lru_cache

import torch
import torch.utils.deterministic

# glibc's mallopt parameters (malloc.h) and a size above any activation of a small network.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_KEPT_BYTES = 1 << 30


def prepare_machine(n_threads: int = 1) -> None:
    """Set this process and the calling thread up for training.

    Deterministic kernels, no TF32, subnormals flushed to zero, and freed activations kept by the
    allocator instead of being returned to the system page by page.

    Args:
        n_threads: Of a training on a CPU. Their number changes the order of sums, so the spec
            gives it (`service.studies.payloads.threads_of`), and a worker may train with another
            number than before. On cores that others use as well, a team is many times slower than
            one thread.
    """
    _prepare_process()
    # A setting of the thread, which those that it starts inherit: before it has a team.
    torch.set_flush_denormal(True)
    # OpenMP's number belongs to a thread, and the one that trains need not be the one that began.
    torch.set_num_threads(n_threads)


@lru_cache(maxsize=1)
def _prepare_process() -> None:
    # Read by cuBLAS when CUDA starts; deterministic matrix products need it.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(mode=True)
    # Nothing here reads what it has not written; the filling takes 2 to 6 % of a small step.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
    _keep_freed_memory()


def _keep_freed_memory() -> None:
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # absent from musl
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _KEPT_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
