"""The peak of memory, against an allocation of known size."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from workers.training.memory import KeptMemory, MemoryPeak

SIZE = 300 * 2**20


def test_the_peak_holds_what_was_allocated_and_is_freed() -> None:
    peak = MemoryPeak(torch.device("cpu"))
    before = peak.bytes()
    held = torch.ones(SIZE, dtype=torch.uint8)
    del held
    assert SIZE < peak.bytes() <= before + 1.2 * SIZE


def test_where_proc_is_missing_the_system_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    known = MemoryPeak(torch.device("cpu")).bytes()
    monkeypatch.setattr(Path, "exists", lambda _: False)
    # Not counted anew: at least as much.
    assert MemoryPeak(torch.device("cpu")).bytes() >= 0.9 * known


@pytest.mark.parametrize("name", ["cuda", "cuda:1"])
def test_a_gpu_is_started_before_its_peak_is_counted_anew(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Torch starts CUDA by itself for a device without a number alone."""
    asked: list[str] = []
    monkeypatch.setattr(torch.cuda, "init", lambda: asked.append("init"))
    monkeypatch.setattr(
        torch.cuda, "reset_peak_memory_stats", lambda device: asked.append(f"reset {device}")
    )
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda _: 7)
    assert MemoryPeak(torch.device(name)).bytes() == 7
    assert asked == ["init", f"reset {name}"]


def test_memory_is_given_back_before_a_training_of_another_shape_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given_back: list[str] = []
    shape = ""
    kept, gpu = KeptMemory(), torch.device("cuda")
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: given_back.append(shape))
    for shape in ("a", "a", "b", "b", "a"):
        kept.fit(gpu, shape)
    assert given_back == ["a", "b", "a"]
    KeptMemory().fit(torch.device("cpu"), "c")
    assert given_back == ["a", "b", "a"]
