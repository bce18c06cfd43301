"""A worker's share of a GPU: its memory limit, and whether other processes exhausted the memory.

Ray counts fractions of a GPU but enforces no limit. Without one, the memory available to a
training would depend on the other processes of the GPU.
"""

from __future__ import annotations

from dataclasses import dataclass

# GPU memory that CUDA's context and libraries take for each process in addition to torch's
# allocations: assumed, not measured. A fraction leaves room for it.
CONTEXT_BYTES = 600 * 2**20
# GPU memory that is neither free nor this process's: from here on, another process holds it.
FOREIGN_BYTES = 2**30


@dataclass(frozen=True, slots=True)
class GpuMemory:
    """Memory of a GPU as seen by one process, in bytes.

    Attributes:
        total: The GPU's memory.
        free: Memory that no process holds.
        own: Memory that this process's allocator holds.
    """

    total: int
    free: int
    own: int

    @property
    def others(self) -> int:
        """Memory that other processes hold, at least 0."""
        return max(self.total - self.free - self.own - CONTEXT_BYTES, 0)


def fraction_of(share: float, total_bytes: int) -> float:
    """Return the fraction of a GPU's memory that a process's allocator may hold, in (0, 1].

    Args:
        share: The worker's share of the GPU, in (0, 1]; 1 sets no limit.
        total_bytes: The GPU's memory.
    """
    if share >= 1.0:
        return 1.0
    # A small share keeps at least its half: the context would take all of it.
    return max(share - CONTEXT_BYTES / total_bytes, share / 2)


class GpuShare:
    """The part of its GPU that a worker may use.

    Args:
        share: In (0, 1]; 1 if the worker is alone on its GPU.
    """

    def __init__(self, share: float) -> None:
        self._share = share

    def limit(self) -> None:
        """Set this process's memory limit on its GPU, if it has a GPU."""
        import torch

        if not torch.cuda.is_available():  # the training raises the error
            return
        total = torch.cuda.mem_get_info()[1]
        torch.cuda.set_per_process_memory_fraction(fraction_of(self._share, total))

    def is_crowded(self) -> bool:
        """Whether other processes may have caused an out-of-memory error just now."""
        if self._share < 1.0:
            return True
        import torch

        if not torch.cuda.is_available():
            return False
        free, total = torch.cuda.mem_get_info()
        return GpuMemory(total, free, torch.cuda.memory_reserved()).others > FOREIGN_BYTES
