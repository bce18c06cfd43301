"""Peak memory of a training, and what torch's allocator keeps between trainings."""

from __future__ import annotations

from pathlib import Path

import torch

from workers.resident import peak_resident_bytes

_CLEAR_PEAK = "5"  # proc(5), /proc/pid/clear_refs: the peak becomes what is resident now


class MemoryPeak:
    """Peak memory since the instance was created.

    On a GPU: torch's allocations of this process. On a CPU: the resident memory of the whole
    process, including libraries, data and the memory that the allocator has kept from earlier
    trainings, since a worker needs all of that; if the system cannot reset its count, the peak
    since the process began.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        if device.type == "cuda":
            # Resetting the count needs an initialised CUDA.
            torch.cuda.init()  # type: ignore[no-untyped-call]
            torch.cuda.reset_peak_memory_stats(device)
        else:
            _forget_peak()

    def bytes(self) -> int:
        """Return the peak so far."""
        if self._device.type == "cuda":
            return int(torch.cuda.max_memory_allocated(self._device))
        return peak_resident_bytes()


def give_back(device: torch.device) -> None:
    """Return what nothing needs any more to the GPU: torch would keep it."""
    if device.type == "cuda":
        torch.cuda.empty_cache()


class KeptMemory:
    """What torch's allocator keeps of a GPU between trainings.

    The next training of the same shape takes it as it is, where giving it back would cost a
    `cudaFree` and a new `cudaMalloc`, for which the device is waited for. One of another shape
    finds blocks of the wrong sizes: before it everything is given back. Where a training lacks
    memory in between, torch gives back by itself what is kept; the process's limit holds for both.
    """

    def __init__(self) -> None:
        self._shape: object = None

    def fit(self, device: torch.device, shape: object) -> None:
        """Before a training, keep what fits it.

        Args:
            device: Its own.
            shape: Equal for trainings whose tensors have the same sizes.
        """
        if shape != self._shape:
            give_back(device)
        self._shape = shape


# The process has one allocator.
KEPT_MEMORY = KeptMemory()


def _forget_peak() -> None:
    try:
        Path("/proc/self/clear_refs").write_text(_CLEAR_PEAK)
    except OSError:  # no Linux, or a container that forbids it
        return
