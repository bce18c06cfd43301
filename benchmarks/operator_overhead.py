"""What a density costs: a training step with it (product form) over a plain one, paired.

Run: python -m benchmarks.operator_overhead [--pairs N]

Every pair times `STEPS` steps of both forms one right after the other, in turns which comes
first, so that the machine's other work hits both alike; the ratio of a pair is one sample.
Folded networks are plain convolutions, so inference is not timed: it is the same code.
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from workers.training.machine import prepare_machine
from workers.training.networks import InputShape, build_network
from workers.training.operator import apply_density
from workers.training.streams import generator

STEPS = 5
CASES: dict[str, tuple[dict[str, Any], int, int]] = {
    "dncnn 5x16, 3x3, 64 of 40 px": (
        {"kind": "dncnn", "depth": 5, "width": 16, "kernel_size": 3}, 64, 40,
    ),
    "dncnn 5x16, 5x5, 64 of 40 px": (
        {"kind": "dncnn", "depth": 5, "width": 16, "kernel_size": 5}, 64, 40,
    ),
    "small_cnn 2x16, 3x3, 64 of 8 px": (
        {"kind": "small_cnn", "depth": 2, "width": 16, "kernel_size": 3}, 64, 8,
    ),
    "small_cnn 3x32, 5x5, 64 of 32 px": (
        {"kind": "small_cnn", "depth": 3, "width": 32, "kernel_size": 5}, 64, 32,
    ),
}  # fmt: skip


def main() -> None:
    """Print one row per network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=30)
    n_pairs: int = parser.parse_args().pairs
    prepare_machine()
    print(f"{_cpu()}, 1 thread, Python {platform.python_version()}, torch {version('torch')}")
    print(f"ratio weighted / plain of {STEPS} training steps, n = {n_pairs} pairs")
    print(f"{'network':<34}{'median':>8}{'q25':>8}{'q75':>8}{'plain ms/step':>15}")
    for name, (section, batch_size, size_px) in CASES.items():
        ratios, plain_ms = _measure(section, batch_size, size_px, n_pairs)
        low, median, high = np.quantile(ratios, [0.25, 0.5, 0.75])
        print(f"{name:<34}{median:>8.3f}{low:>8.3f}{high:>8.3f}{plain_ms:>15.2f}")


def _measure(
    section: dict[str, Any], batch_size: int, size_px: int, n_pairs: int
) -> tuple[list[float], float]:
    images = torch.rand((batch_size, 1, size_px, size_px), generator=generator(0))
    plain = _stepper(section, images, is_weighted=False)
    weighted = _stepper(section, images, is_weighted=True)
    ratios, plain_ms = [], []
    for pair in range(n_pairs + 1):
        times: dict[bool, float] = {}
        for is_weighted in (True, False) if pair % 2 else (False, True):
            times[is_weighted] = _time_ms(weighted if is_weighted else plain)
        if pair > 0:  # the first pair warms caches and kernels up
            ratios.append(times[True] / times[False])
            plain_ms.append(times[False])
    return ratios, float(np.median(plain_ms))


def _stepper(
    section: dict[str, Any], images: torch.Tensor, *, is_weighted: bool
) -> Callable[[], None]:
    """Return one SGD step on a mean square; the rate is too small to move anything."""
    shape = InputShape(n_channels=1, size_px=images.shape[-1])
    network = build_network(section, shape, 1, generator(0))
    if is_weighted:
        size = section["kernel_size"]
        apply_density(network, np.full((size, size), 0.9))
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-9, momentum=0.9)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        network(images).square().mean().backward()
        optimizer.step()

    return step


def _time_ms(step: Callable[[], None]) -> float:
    start = time.perf_counter()
    for _ in range(STEPS):
        step()
    return (time.perf_counter() - start) * 1000 / STEPS


def _cpu() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


if __name__ == "__main__":
    main()
