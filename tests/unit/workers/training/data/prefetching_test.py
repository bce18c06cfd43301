"""Reading ahead changes nothing but the waiting."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from service.datasets.store.reader import Samples
from workers.training.data.labelled import MappedRows
from workers.training.data.prefetching import prefetched, sent


@pytest.mark.parametrize("n", [0, 1, 2, 50])
def test_the_same_items_come_in_the_same_order(n: int) -> None:
    assert list(prefetched(iter(range(n)))) == list(range(n))


def test_items_are_made_by_another_thread_before_they_are_asked_for() -> None:
    makers: list[str] = []
    third = threading.Event()

    def made() -> Iterator[int]:
        for number in range(5):
            makers.append(threading.current_thread().name)
            if number == 2:
                third.set()
            yield number

    items = prefetched(made())
    assert next(items) == 0
    assert third.wait(timeout=30)
    assert list(items) == [1, 2, 3, 4]
    assert all(name.startswith("prefetch") for name in makers)


def test_an_error_comes_in_its_place() -> None:
    def made() -> Iterator[int]:
        yield 1
        raise OSError("the disk is gone")

    items = prefetched(made())
    assert next(items) == 1
    with pytest.raises(OSError, match="the disk is gone"):
        next(items)


def test_no_thread_is_left_by_who_stops_early() -> None:
    before = threading.active_count()
    items = prefetched(iter(range(1000)))
    assert next(items) == 0
    assert threading.active_count() == before + 1
    items.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


def test_values_go_to_a_gpu_from_pinned_memory_without_a_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[object] = []

    def pin(values: torch.Tensor) -> torch.Tensor:
        done.append("pinned")
        return values

    def to(values: torch.Tensor, device: torch.device, **how: bool) -> torch.Tensor:
        done.append((device.type, how))
        return values

    monkeypatch.setattr(torch.Tensor, "pin_memory", pin)
    monkeypatch.setattr(torch.Tensor, "to", to)
    sent(torch.zeros(1), torch.device("cuda"))
    assert done == ["pinned", ("cuda", {"non_blocking": True})]
    done.clear()
    sent(torch.zeros(1), torch.device("cpu"))
    assert done == [("cpu", {})]


def test_samples_from_a_file_are_sent_by_the_thread_that_reads_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    senders: list[str] = []

    def noted(values: torch.Tensor, device: torch.device) -> torch.Tensor:
        senders.append(threading.current_thread().name)
        return sent(values, device)

    monkeypatch.setattr("workers.training.data.labelled.sent", noted)
    samples = Samples(np.arange(12, dtype=np.float32), np.full((6, 2), (1, 2)), np.arange(7) * 2)
    rows = MappedRows(samples, np.arange(6), torch.device("cpu"))
    batches = list(rows.batches(torch.tensor([3, 1, 5]), 2))
    assert [batch.flatten().tolist() for batch in batches] == [[6.0, 7.0, 2.0, 3.0], [10.0, 11.0]]
    assert senders
    assert all(name.startswith("prefetch") for name in senders)


def test_the_thread_starts_where_no_memory_is_left() -> None:
    """A thread that finds none while it starts would be waited for, for ever."""
    program = """
from workers.memory_limit import limited
from workers.training.data.prefetching import prefetched
with limited(1):
    print(*prefetched(iter(range(5))))
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "0 1 2 3 4\n", done.stderr
