"""Tests mirror the tree: a module's tests stand below the same path, and carry its name."""

from __future__ import annotations

from pathlib import Path

from tests.support.root import ROOT

PACKAGES = ("service", "workers", "api", "library/densearch")
KINDS = ("unit", "integration", "property", "contracts", "e2e", "browser")
# What is declared and does nothing of its own may be without a test.
LEAST = 0.9


def modules() -> list[Path]:
    """The product's modules, from the root; what starts a package is none."""
    return [
        path.relative_to(ROOT)
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if path.name not in {"__init__.py", "__main__.py"}
    ]


def is_tested(module: Path) -> bool:
    name = module.with_name(f"{module.stem}_test.py")
    return any((ROOT / "tests" / kind / name).exists() for kind in KINDS)


def test_modules_have_the_test_of_their_name() -> None:
    every = modules()
    without = [str(module) for module in every if not is_tested(module)]
    assert len(without) <= (1 - LEAST) * len(every), "\n".join(without)
