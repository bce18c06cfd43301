"""The peak of memory, against an allocation of known size."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from workers.training.memory import MemoryPeak

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
