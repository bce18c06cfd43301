"""Process-wide settings that make trainings repeatable and fast."""

from __future__ import annotations

import ctypes
import os
import sys
from functools import lru_cache

import torch

# glibc's mallopt parameters (malloc.h) and a size above any activation of a small network.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_KEPT_BYTES = 1 << 30


@lru_cache(maxsize=1)
def prepare_machine() -> None:
    """Set this process up for training, once.

    One thread (a team of threads on shared cores is many times slower, and its size changes the
    order of sums), deterministic kernels, no TF32, subnormals flushed to zero, and freed
    activations kept by the allocator instead of being returned to the system page by page.
    """
    # Read by cuBLAS when CUDA starts; deterministic matrix products need it.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.use_deterministic_algorithms(mode=True)
    # What no kernel reads needs no NaN written over it: a fifth of a small network's time.
    torch.utils.deterministic.fill_uninitialized_memory = False
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
