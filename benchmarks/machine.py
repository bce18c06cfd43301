"""What a figure is worth nothing without: hardware, versions, n and spread."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from service.processor import processor_name


def memory_bytes() -> int:
    """Return the machine's memory in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def describe(*packages: str) -> str:
    """Return two lines: the machine with its present load, and the versions that matter."""
    n_cores = len(os.sched_getaffinity(0))
    load = os.getloadavg()[0]
    machine = f"{n_cores} x {processor_name()}, {memory_bytes() / 2**30:.0f} GiB, load {load:.1f}"
    return f"machine:  {machine}\nversions: {', '.join(_versions(packages))}"


def _versions(packages: Sequence[str]) -> list[str]:
    found = [f"Python {platform.python_version()}", f"{platform.system()} {platform.release()}"]
    for name in ("densearch", *packages):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} missing")
    return found


def spread(values: Sequence[float], unit: str, digits: int = 3) -> str:
    """Return the median with the range and n, such as ``0.21 s (0.20 to 0.24, n = 10)``."""
    middle, low, high = statistics.median(values), min(values), max(values)
    figures = f"{middle:.{digits}g} {unit} ({low:.{digits}g} to {high:.{digits}g}"
    return f"{figures}, n = {len(values)})"


def judge(value: float, target: float, unit: str) -> str:
    """Return whether a figure reaches its target."""
    verdict = "reached" if value <= target else "MISSED"
    return f"target {target:g} {unit}: {verdict}"
