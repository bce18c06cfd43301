"""Print what a density costs in training on this machine.

Run: python -m workers.training.overhead [--rounds N] [--network NAME]...
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import version

import torch

from workers.training.devices import device_name
from workers.training.machine import prepare_machine
from workers.training.overhead.cases import CASES, Case
from workers.training.overhead.forms import FORMS
from workers.training.overhead.measuring import StepOverhead, measure

CPU = torch.device("cpu")


def table(cases: Mapping[str, Case], n_rounds: int, write: Callable[[str], object]) -> None:
    """Measure and write a row for each case as soon as it is known: median [quartiles]."""
    forms = [form for form in FORMS if form != "plain"]
    write(f"{device_name(CPU)} x {os.cpu_count()}, 1 thread; Python {platform.python_version()}, ")
    write(f"torch {version('torch')}\n")
    write(f"step with a density / plain step: median [quartiles], n = {n_rounds} rounds\n")
    write(f"{'network':<34}{'plain, ms':>10}" + "".join(f"{form:>22}" for form in forms) + "\n")
    for name, case in cases.items():
        plain_ms, overheads = measure(case, n_rounds)
        cells = {overhead.form: _cell(overhead) for overhead in overheads}
        row = "".join(f"{cells.get(form, '-'):>22}" for form in forms)
        write(f"{name:<34}{plain_ms:>10.2f}{row}\n")


def _cell(overhead: StepOverhead) -> str:
    low, median, high = overhead.quartiles()
    return f"{median:.3f} [{low:.2f}, {high:.2f}]"


def main(arguments: list[str]) -> None:
    """Print the table of the networks that were asked for, all of them by default."""
    parser = argparse.ArgumentParser(prog="python -m workers.training.overhead")
    parser.add_argument("--rounds", type=int, default=50)
    kinds = sorted({case.section["kind"] for case in CASES.values()})
    parser.add_argument("--network", action="append", choices=kinds, metavar="NAME")
    asked = parser.parse_args(arguments)
    prepare_machine()
    wanted = asked.network or kinds
    cases = {name: case for name, case in CASES.items() if case.section["kind"] in wanted}
    table(cases, max(asked.rounds, 1), sys.stdout.write)


if __name__ == "__main__":
    main(sys.argv[1:])
