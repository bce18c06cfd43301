"""Optional packages: what is said of one that is missing, and names that are loaded late."""

from __future__ import annotations

import importlib
import sys
import tomllib
from types import ModuleType

import pytest

import densearch
from densearch.extras import EXTRAS, load, required
from tests.support.root import ROOT


@pytest.mark.parametrize(
    ("package", "name", "missing", "extra"),
    [
        ("client", "Client", "httpx2", "client"),
        ("nn", "fold", "torch", "torch"),
        ("direct_l", "ParallelDirectL", "nlopt", "direct"),
    ],
)
def test_a_missing_extra_is_named_with_the_remedy(
    package: str, name: str, missing: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in [m for m in sys.modules if m.startswith(f"densearch.{package}")]:
        monkeypatch.delitem(sys.modules, module)
    # As items: to look for an attribute would load the package.
    monkeypatch.delitem(vars(densearch), name, raising=False)
    monkeypatch.delitem(vars(densearch), package, raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ImportError, match=rf"{missing} is not installed.*'\./library\[{extra}\]'"):
        getattr(densearch, name)


def test_another_missing_package_is_not_blamed_on_the_extra() -> None:
    with pytest.raises(ModuleNotFoundError, match="No module named 'nowhere'"), required("torch"):
        importlib.import_module("nowhere")


def test_the_extras_are_those_of_the_distribution() -> None:
    project = tomllib.loads((ROOT / "library" / "pyproject.toml").read_text("utf-8"))["project"]
    assert set(EXTRAS) == set(project["optional-dependencies"])
    assert project["dependencies"] == ["numpy>=2,<3"]
    assert (ROOT / "library" / "densearch" / "py.typed").exists()


def test_a_name_is_loaded_once_and_kept_by_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    package, home = ModuleType("made_package"), ModuleType("made_home")
    home.answer = 42  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "made_package", package)
    monkeypatch.setitem(sys.modules, "made_home", home)
    assert load("made_package", "answer", {"answer": ("made_home", None)}) == 42
    assert vars(package)["answer"] == 42
    with pytest.raises(AttributeError, match="module 'made_package' has no attribute 'anwser'"):
        load("made_package", "anwser", {"answer": ("made_home", None)})
