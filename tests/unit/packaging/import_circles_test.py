"""No module imports itself by way of others; imports for types and in functions count, too.

The import contracts hold the same for folders (`acyclic_siblings`); this holds it for modules, and
for a folder's `__init__` and what lies in it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

from tests.support.root import ROOT

OURS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
    "root_packages"
]


def circle_in(packages: Collection[str]) -> list[str]:
    """Return the modules of a circle, the first once more at the end; none where there is none."""
    graph = grimp.build_graph(*packages, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_module_imports_itself_by_way_of_others() -> None:
    assert circle_in(OURS) == []


@pytest.mark.parametrize(
    "back",
    [
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from circular import first\n",
        "def late():\n    from circular import first\n",
        "import circular\n",
    ],
    ids=["for types", "in a function", "of the package itself"],
)
def test_a_circle_is_found_wherever_its_import_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, back: str
) -> None:
    package = tmp_path / "circular"
    package.mkdir()
    (package / "__init__.py").write_text("from circular import first\n")
    (package / "first.py").write_text("from circular import second\n")
    (package / "second.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    assert circle_in(["circular"]) == []
    (package / "second.py").write_text(back)
    assert circle_in(["circular"])
