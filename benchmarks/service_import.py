"""How long `import service` takes: python -m benchmarks.service_import [--repeats 10].

In fresh processes, the time from before the import statement to after it; the interpreter's own
start is not counted. Files are in the page cache (one run before is thrown away).
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys

from benchmarks.machine import describe, judge, spread

TARGET_S = 0.5
MODULES = ("service", "service.jobs.commands", "api.cli.main")
CODE = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"


def measure(module: str) -> float:
    """Import a module in a process of its own and return the seconds."""
    command = [sys.executable, "-P", "-c", CODE.format(module)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=10)
    repeats = parser.parse_args().repeats
    print(describe("sqlalchemy", "pydantic", "numpy"))
    for module in MODULES:
        measure(module)
        times = [measure(module) for _ in range(repeats)]
        line = f"import {module:<14} {spread(times, 's')}"
        print(f"{line}  {judge(statistics.median(times), TARGET_S, 's')}")


if __name__ == "__main__":
    main()
