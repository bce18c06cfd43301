"""Limits on the size of data sets in a device's memory, and on the samples evaluated at once.

They are functions of sizes alone. On CPUs they follow from a core's caches; on GPUs nothing was
measured.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

# A data set may take one part in this many of the available memory: with the six that a worker
# keeps at most, two fifths are left for trainings.
_SETS_PART = 8
# The widest maps of a judgement may take this part of a device's memory: the smallest share of it
# that is of use still holds them.
_JUDGED_PART = 64
# Of a pixel that is judged: 64 channels before and behind a layer, in float32.
_PIXEL_BYTES = 2 * 64 * 4
# A larger factor uses no known device better.
_MOST_TIMES = 16


@dataclass(frozen=True, slots=True)
class DeviceMemory:
    """Memory of a GPU as seen by this process, in bytes.

    Attributes:
        total: All of it.
        free: Held by no process.
        limit: The most that this process's allocator may hold: its share of the GPU.
        reserved: What it holds.
        allocated: What of that is in use.
    """

    total: int
    free: int
    limit: int
    reserved: int
    allocated: int

    @property
    def available(self) -> int:
        """What this process could still put there, at least 0."""
        own = self.limit - self.allocated
        return max(min(own, self.free + self.reserved - self.allocated), 0)


def memory_of(device: torch.device) -> DeviceMemory | None:
    """Return a GPU's memory, None for what is no GPU."""
    if device.type != "cuda":
        return None
    free, total = torch.cuda.mem_get_info(device)
    share = torch.cuda.get_per_process_memory_fraction(device)
    return DeviceMemory(
        total=total,
        free=free,
        limit=int(share * total),
        reserved=torch.cuda.memory_reserved(device),
        allocated=torch.cuda.memory_allocated(device),
    )


def held_bytes(memory: DeviceMemory | None, on_cpu: int) -> int:
    """Return the largest size of a data set that is held on the device as a whole, bytes.

    It changes no batch, only from where it comes.

    Args:
        memory: Of the device, None for a CPU.
        on_cpu: What is held there.
    """
    return on_cpu if memory is None else memory.available // _SETS_PART


def judged_times(total_bytes: int | None, n_px: int) -> int:
    """Return how many times as much as on a CPU is judged at once, 1 to 16.

    What is judged together may change the last bits of what it is judged to be. So it depends on
    the kind of device, never on what else it holds or how it is shared.

    Args:
        total_bytes: The device's memory, None for a CPU.
        n_px: Pixels of all samples that are judged at once on a CPU.
    """
    if total_bytes is None:
        return 1
    times = total_bytes // _JUDGED_PART // (n_px * _PIXEL_BYTES)
    return min(max(times, 1), _MOST_TIMES)


def total_bytes_of(device: torch.device) -> int | None:
    """Return all memory of a GPU, None for what is no GPU."""
    if device.type != "cuda":
        return None
    return int(torch.cuda.get_device_properties(device).total_memory)
