"""What a device's sizes decide: pure arithmetic, for CPUs and for GPUs that are not here."""

from __future__ import annotations

import pytest
import torch

from workers.training.data.tiles import MOST_PX, n_at_once
from workers.training.device_memory import (
    DeviceMemory,
    held_bytes,
    judged_times,
    memory_of,
    total_bytes_of,
)

GIB = 2**30
WHOLE = DeviceMemory(139 * GIB, 138 * GIB, 139 * GIB, 0, 0)


def test_a_cpu_holds_and_judges_what_its_caches_say() -> None:
    cpu = torch.device("cpu")
    assert memory_of(cpu) is None
    assert total_bytes_of(cpu) is None
    assert held_bytes(None, GIB) == GIB
    assert judged_times(None, 1) == 1
    assert n_at_once((96, 96)) == n_at_once((96, 96), None) == 16


@pytest.mark.parametrize(
    ("memory", "expected"),
    [
        (WHOLE, 138 * GIB // 8),
        # A quarter of the GPU, whoever has the rest.
        (DeviceMemory(139 * GIB, 138 * GIB, 139 * GIB // 4, 0, 0), 139 * GIB // 4 // 8),
        # Neighbours have nearly all.
        (DeviceMemory(139 * GIB, GIB, 139 * GIB, 0, 0), GIB // 8),
        # What torch keeps of earlier trainings is free for a data set; what is in use is not.
        (DeviceMemory(16 * GIB, 2 * GIB, 16 * GIB, 14 * GIB, 4 * GIB), 12 * GIB // 8),
        (DeviceMemory(16 * GIB, 2 * GIB, 8 * GIB, 14 * GIB, 4 * GIB), 4 * GIB // 8),
        (DeviceMemory(16 * GIB, 0, 4 * GIB, 6 * GIB, 6 * GIB), 0),
    ],
)
def test_a_set_may_take_a_part_of_what_a_process_could_still_have(
    memory: DeviceMemory, expected: int
) -> None:
    assert held_bytes(memory, GIB) == expected


@pytest.mark.parametrize(
    ("total", "n_px", "expected"),
    [
        (139 * GIB, 256 * 8**2, 16),  # the most
        (139 * GIB, 256 * 64**2, 4),
        (139 * GIB, 256 * 224**2, 1),
        (16 * GIB, MOST_PX[2], 3),
        (2 * GIB, MOST_PX[2], 1),
    ],
)
def test_more_is_judged_at_once_where_there_is_room(total: int, n_px: int, expected: int) -> None:
    assert judged_times(total, n_px) == expected


def test_windows_are_judged_together_by_the_devices_size() -> None:
    assert n_at_once((96, 96), 16 * GIB) == 3 * 16
    assert n_at_once((5000, 5000), 16 * GIB) == 1


def test_a_gpu_s_memory_is_read_from_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = {
        "mem_get_info": (60, 100), "get_per_process_memory_fraction": 0.5,
        "memory_reserved": 30, "memory_allocated": 20,
    }  # fmt: skip
    for name, value in figures.items():
        monkeypatch.setattr(torch.cuda, name, lambda _, value=value: value)
    found = memory_of(torch.device("cuda"))
    assert found == DeviceMemory(total=100, free=60, limit=50, reserved=30, allocated=20)
    assert found.available == 30
