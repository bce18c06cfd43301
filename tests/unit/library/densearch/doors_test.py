"""The library's public names: what `import densearch` loads, and what a missing extra says."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from textwrap import dedent

import pytest

import densearch
from densearch import plugins
from tests.support import plugged_parts, plugged_samplers
from tests.support.root import ROOT

# What only its own package may load.
HEAVY = ("httpx2", "nlopt", "pydantic", "rich", "scipy", "torch", "typer", "service", "workers")
OURS = ("api", "densearch", "migrations", "service", "workers")


def loaded_by(code: str) -> set[str]:
    """Which heavy packages a fresh interpreter holds after some code."""
    show = f"import json, sys; print(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    command = [sys.executable, "-c", f"{code}\n{show}"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    return set(json.loads(done.stdout))


def test_import_loads_nothing_heavy() -> None:
    code = (
        "import densearch, densearch.density, densearch.plugins\ndensearch.Density, dir(densearch)"
    )
    assert loaded_by(code) == set()


def test_every_public_name_is_there() -> None:
    for name in densearch.__all__:
        assert getattr(densearch, name).__doc__, name
        assert name in dir(densearch)
    with pytest.raises(AttributeError, match="no attribute 'Cleint'"):
        _ = densearch.Cleint
    for package in ("client", "density", "direct_l", "nn", "plugins"):
        module = importlib.import_module(f"densearch.{package}")
        assert getattr(densearch, package) is module
        for name in module.__all__:
            value = getattr(module, name)
            is_documented = isinstance(value, type) or inspect.isfunction(value)
            assert value.__doc__ or not is_documented, name


def test_public_names_are_those_of_their_packages() -> None:
    assert densearch.Client is importlib.import_module("densearch.client").Client
    assert densearch.fold is importlib.import_module("densearch.nn").fold
    assert (
        densearch.ParallelDirectL is importlib.import_module("densearch.direct_l").ParallelDirectL
    )


def test_plug_ins_import_from_one_package_alone() -> None:
    example = ROOT / "examples" / "own_network" / "own_network"
    codes = [path.read_text("utf-8") for path in example.glob("*.py")]
    codes += [dedent(code) for code in (plugged_parts.PARTS, plugged_samplers.CODE)]
    found = {module for code in codes for module in imports_of(code)}
    ours = {one for one in found if one.partition(".")[0] in OURS}
    assert ours == {"densearch.plugins"}


def imports_of(code: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def test_the_guide_lists_every_name_for_authors() -> None:
    guide = (ROOT / "docs" / "own-networks.md").read_text("utf-8")
    _, _, imports = guide.partition("\n## Imports\n")
    rows = [line for line in imports.partition("\n## ")[0].splitlines() if line.startswith("|")]
    assert set(re.findall(r"`(\w+)`", "".join(rows))) == set(plugins.__all__)
