"""The share of a GPU: its limit, and whose fault an out-of-memory is."""

from __future__ import annotations

import pytest
import torch

from workers.gpu_share import CONTEXT_BYTES, FOREIGN_BYTES, GpuMemory, GpuShare, fraction_of

GIB = 2**30


@pytest.mark.parametrize("n_workers", [1, 2, 4, 20])
@pytest.mark.parametrize("total_gib", [16, 80, 139])
def test_the_shares_of_a_gpu_and_their_contexts_fit_into_it(
    n_workers: int, total_gib: int
) -> None:
    total = total_gib * GIB
    fraction = fraction_of(1 / n_workers, total)
    assert 0.0 < fraction <= 1.0
    if n_workers == 1:
        assert fraction == 1.0
    elif 1 / n_workers > 2 * CONTEXT_BYTES / total:
        assert n_workers * (fraction * total + CONTEXT_BYTES) == pytest.approx(total)


def test_a_share_of_the_least_size_has_memory() -> None:
    assert fraction_of(0.01, 16 * GIB) == pytest.approx(0.005)


def test_others_are_what_is_neither_free_nor_ours() -> None:
    alone = GpuMemory(total=80 * GIB, free=20 * GIB, own=60 * GIB - CONTEXT_BYTES)
    assert alone.others == 0
    assert GpuMemory(total=80 * GIB, free=79 * GIB, own=0).others < FOREIGN_BYTES  # a context
    assert GpuMemory(80 * GIB, 20 * GIB, 40 * GIB).others == 20 * GIB - CONTEXT_BYTES


class Gpu:
    """What torch says of a GPU that is not there."""

    def __init__(self, patch: pytest.MonkeyPatch, free: int, own: int) -> None:
        self.fractions: list[float] = []
        patch.setattr(torch.cuda, "is_available", lambda: True)
        patch.setattr(torch.cuda, "mem_get_info", lambda: (free, 80 * GIB))
        patch.setattr(torch.cuda, "memory_reserved", lambda: own)
        patch.setattr(torch.cuda, "set_per_process_memory_fraction", self.fractions.append)


def test_the_limit_is_the_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = Gpu(monkeypatch, free=80 * GIB, own=0)
    for share in (0.25, 1.0):
        GpuShare(share).limit()
    assert gpu.fractions == [pytest.approx(0.25 - CONTEXT_BYTES / (80 * GIB)), 1.0]


@pytest.mark.parametrize(
    ("share", "free_gib", "own_gib", "is_crowded"),
    [
        (0.5, 0, 40, True),  # a neighbour of ours may have had the rest
        (0.5, 40, 40, True),  # its own limit: alone it has none
        (1.0, 1, 78, False),
        (1.0, 1, 40, True),  # a process that is not ours
    ],
)
def test_a_neighbour_may_be_to_blame_unless_the_worker_has_the_gpu_to_itself(
    monkeypatch: pytest.MonkeyPatch,
    share: float,
    free_gib: int,
    own_gib: int,
    is_crowded: bool,
) -> None:
    Gpu(monkeypatch, free=free_gib * GIB, own=own_gib * GIB)
    assert GpuShare(share).is_crowded() is is_crowded


def test_without_a_gpu_nothing_is_limited_and_nobody_is_to_blame(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    GpuShare(1.0).limit()
    assert not GpuShare(1.0).is_crowded()
