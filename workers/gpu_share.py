"""A worker's share of a GPU: the limit on its memory, and whose fault it is when none is left.

Ray counts fractions of a GPU and enforces nothing. Without a limit the memory of a training would
depend on what its neighbours hold at that time.
"""

from __future__ import annotations

from dataclasses import dataclass

# What CUDA's context and its libraries may take of a GPU for a process, besides torch's
# allocations: an assumption, not measured. A fraction leaves room for it.
CONTEXT_BYTES = 600 * 2**20
# Memory of a GPU that is neither free nor ours means another process from here on.
FOREIGN_BYTES = 2**30


@dataclass(frozen=True, slots=True)
class GpuMemory:
    """Of a GPU, as a process sees it, in bytes.

    Attributes:
        total: All of it.
        free: Held by no process.
        own: Held by this process's allocator.
    """

    total: int
    free: int
    own: int

    @property
    def others(self) -> int:
        """What other processes hold, at least 0."""
        return max(self.total - self.free - self.own - CONTEXT_BYTES, 0)


def fraction_of(share: float, total_bytes: int) -> float:
    """Return the part of a GPU's memory that a process's allocator may hold, in (0, 1].

    Args:
        share: Of the GPU, in (0, 1]; a whole one has no limit.
        total_bytes: Of the GPU.
    """
    if share >= 1.0:
        return 1.0
    # A small share keeps half of what it asks for: none would fit beside the context.
    return max(share - CONTEXT_BYTES / total_bytes, share / 2)


class GpuShare:
    """The part of its GPU that a worker may use.

    Args:
        share: In (0, 1]; 1 where the worker is alone on its GPU.
    """

    def __init__(self, share: float) -> None:
        self._share = share

    def limit(self) -> None:
        """Set the limit on this process's memory on its GPU, where it has one."""
        import torch

        if not torch.cuda.is_available():  # the training says so
            return
        total = torch.cuda.mem_get_info()[1]
        torch.cuda.set_per_process_memory_fraction(fraction_of(self._share, total))

    def is_crowded(self) -> bool:
        """Whether neighbours may have caused an out-of-memory just now."""
        if self._share < 1.0:
            return True
        import torch

        if not torch.cuda.is_available():
            return False
        free, total = torch.cuda.mem_get_info()
        return GpuMemory(total, free, torch.cuda.memory_reserved()).others > FOREIGN_BYTES
