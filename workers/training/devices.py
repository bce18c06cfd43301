"""Names of devices, and the precisions that they compute fast."""

from __future__ import annotations

import torch

from service.processor import cpuinfo_field, processor_name

_AMD = "AuthenticAMD"
_AMPERE = (8, 0)


def device_name(device: torch.device) -> str:
    """Return a device's name, for people."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return processor_name()


def device_kind(device_type: str) -> str:
    """Return a name that is equal for devices with bitwise equal results.

    A CPU's includes its instruction set, since an environment may forbid torch the best one.

    Args:
        device_type: "cpu" or "cuda".
    """
    name = device_name(torch.device(device_type))
    return name if device_type != "cpu" else f"{name} ({torch.backends.cpu.get_cpu_capability()})"


def has_fast_bfloat16(device: torch.device) -> bool:
    """Whether products of bfloat16 take less time on a device than those of float32.

    A property of the kind of device, never timed: a training's precision must not depend on the
    load of the machine. On CPUs with AMX they do, and on AMD's with the AVX-512
    instructions for bfloat16, 2.2 times faster in matrix products of one core. On Intel's these
    instructions alone issue at half the rate: networks of 16 to 128 channels took 1.3 to 2.0
    times as long in bfloat16 there.
    """
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu":
        return False
    # Private in torch: there is no public question. They exist in every version that we allow.
    has_amx, has_avx512 = torch.cpu._is_amx_tile_supported, torch.cpu._is_avx512_bf16_supported  # noqa: SLF001
    return bool(has_amx() or (has_avx512() and cpuinfo_field("vendor_id") == _AMD))


def has_tf32(device: torch.device) -> bool:
    """Whether a device can round the factors of float32 products to 10 bits, as from Ampere on."""
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= _AMPERE
