"""What a device is called, and when bfloat16 is taken to be faster, by what the system tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from service import processor
from workers.training.devices import device_name, has_fast_bfloat16

CPU = torch.device("cpu")
Machine = Callable[..., None]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Machine]:
    """Return what pretends to be another machine."""

    def pretend(*, cpuinfo: str | None, has_amx: bool = False, has_avx512: bool = False) -> None:
        path = tmp_path / "cpuinfo"
        if cpuinfo is not None:
            path.write_text(cpuinfo)
        processor.cpuinfo_field.cache_clear()
        monkeypatch.setattr(processor, "CPUINFO", path)
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: has_amx)
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: has_avx512)

    yield pretend
    processor.cpuinfo_field.cache_clear()


AMD = "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC 9R14\nflags : fpu\n"
INTEL = "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Intel(R) Xeon(R)\nflags : fpu\n"


@pytest.mark.parametrize(
    ("cpuinfo", "has_amx", "has_avx512", "is_fast"),
    [
        (AMD, False, True, True),
        (AMD, False, False, False),
        (INTEL, False, True, False),
        (INTEL, True, True, True),
        (None, False, True, False),
    ],
)
def test_bfloat16_is_fast_where_instructions_issue_at_the_full_rate(
    machine: Machine, cpuinfo: str | None, has_amx: bool, has_avx512: bool, is_fast: bool
) -> None:
    machine(cpuinfo=cpuinfo, has_amx=has_amx, has_avx512=has_avx512)
    assert has_fast_bfloat16(CPU) is is_fast


def test_a_device_that_is_neither_has_none(machine: Machine) -> None:
    machine(cpuinfo=AMD, has_amx=True)
    assert not has_fast_bfloat16(torch.device("meta"))


def test_a_processor_is_called_by_its_model(machine: Machine) -> None:
    machine(cpuinfo=AMD)
    assert device_name(CPU) == "AMD EPYC 9R14"


def test_a_system_that_does_not_tell_names_at_least_an_architecture(machine: Machine) -> None:
    machine(cpuinfo=None)
    assert device_name(CPU)
