"""The table of kinds that workers read: it loads nothing, and names what is there."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from service.tasks import kinds
from service.tasks.kinds import NAMES, TRAINED
from tests.support.root import ROOT


def named_objects() -> list[str]:
    """Return every "module:name" of the table."""
    found = [row.objective for row in TRAINED.values()] + [row.targets for row in TRAINED.values()]
    return sorted({*found, *(path for row in TRAINED.values() for path in row.sets.values())})


@pytest.mark.parametrize("path", named_objects())
def test_what_workers_import_is_defined_where_the_table_says(path: str) -> None:
    """Read, not imported: the service loads no torch."""
    module, _, name = path.partition(":")
    tree = ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text("utf-8"))
    defined = {
        node.name for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)
    } | {
        ast.unparse(target)
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    }
    assert name in defined


def test_reading_the_table_needs_the_standard_library_alone() -> None:
    code = f"import runpy; runpy.run_path({str(kinds.__file__)!r})"
    assert subprocess.run([sys.executable, "-I", "-S", "-c", code], check=False).returncode == 0


def test_a_function_has_no_row_and_is_a_kind_all_the_same() -> None:
    assert set(NAMES) - set(TRAINED) == {"function", "external"}
    assert len(set(NAMES)) == len(NAMES)
