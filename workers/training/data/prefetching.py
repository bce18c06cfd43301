"""Reading ahead, so that a training need not wait for a disk."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch
from torch import Tensor

from workers.memory_limit import lifted

_DEPTH = 3

Item = TypeVar("Item")


def prefetched(items: Iterator[Item]) -> Iterator[Item]:
    """Yield the same items in the same order, the next ones made ready by a thread.

    What making an item raises is raised where that item would have come. Whoever stops early
    waits for the items under way, and no thread is left.
    """
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="prefetch") as thread:
        # One thread: the items are made one after another, in their order.
        with lifted():
            thread.submit(int).result()
        ahead = deque(thread.submit(_next, items) for _ in range(_DEPTH))
        while made := ahead.popleft().result():
            ahead.append(thread.submit(_next, items))
            yield made[0]


def _next(items: Iterator[Item]) -> tuple[Item] | None:
    # A StopIteration may not pass through a future.
    for item in items:
        return (item,)
    return None


def sent(values: Tensor, device: torch.device) -> Tensor:
    """Return values on a device; a GPU is not waited for.

    To be called where they are read ahead: the copy to pinned memory is the host's work, and that
    from there to a GPU is queued behind what the GPU has to do.
    """
    if device.type != "cuda":
        return values.to(device)
    return values.pin_memory().to(device, non_blocking=True)
