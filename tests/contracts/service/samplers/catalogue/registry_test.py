"""Every sampler of the catalogue stands under the contract, and knowing them is cheap."""

from __future__ import annotations

import ast
import subprocess
import sys

from service.samplers import catalogue
from tests.support.root import ROOT


def names_under_the_contract() -> set[str]:
    """Return the `name` of every class of tests that inherits a behaviour."""
    return {
        statement.value.value
        for path in (ROOT / "tests" / "contracts" / "service" / "samplers").rglob("*_test.py")
        for kind in ast.parse(path.read_text("utf-8")).body
        if isinstance(kind, ast.ClassDef) and kind.name.startswith("Test")
        for statement in kind.body
        if isinstance(statement, ast.Assign)
        and ast.unparse(statement.targets[0]) == "name"
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    }


def test_every_sampler_has_its_contract() -> None:
    # What learns inside one training does not search: it has one point, whatever the values.
    assert {info.name for info in catalogue()} == names_under_the_contract() | {"gradient"}


def test_asking_what_exists_loads_no_search_library() -> None:
    code = (
        "import sys, service.samplers as s; s.catalogue(); "
        "sys.exit(bool({'cmaes', 'nlopt', 'optuna', 'ray', 'scipy', 'torch'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
