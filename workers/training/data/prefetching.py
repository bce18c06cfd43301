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
    """Yield the same items in the same order; a thread computes the next ones.

    An error in computing an item is raised in the item's turn. A caller that stops early waits for
    the items in progress, and no thread is left.
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
    """Return values on a device, without waiting for a GPU.

    It is called in the thread that reads ahead: the host copies to pinned memory, and the copy
    from there to the GPU is queued.
    """
    if device.type != "cuda":
        return values.to(device)
    return values.pin_memory().to(device, non_blocking=True)
