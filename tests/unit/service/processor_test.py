"""A processor is named as the system has it, and by its architecture elsewhere."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from pathlib import Path

import pytest

from service import processor


@pytest.fixture
def cpuinfo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Return the path that is read; nothing is there."""
    path = tmp_path / "cpuinfo"
    monkeypatch.setattr(processor, "CPUINFO", path)
    processor.cpuinfo_field.cache_clear()
    yield path
    processor.cpuinfo_field.cache_clear()


def test_the_first_processor_is_named(cpuinfo: Path) -> None:
    cpuinfo.write_text("model name\t: One: 2.0 GHz\nflags\t: a\n\nmodel name\t: Another\n")
    assert processor.processor_name() == "One: 2.0 GHz"
    assert processor.cpuinfo_field("flags") == "a"


def test_without_a_model_it_is_the_architecture(cpuinfo: Path) -> None:
    assert processor.processor_name() in (platform.processor(), platform.machine())
    cpuinfo.write_text("BogoMIPS : 50.00\n")
    processor.cpuinfo_field.cache_clear()
    assert processor.processor_name() in (platform.processor(), platform.machine())
