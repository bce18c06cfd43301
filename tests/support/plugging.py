"""Packages that register plug-ins, made by the tests themselves."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

import pytest

from service.extensions import entry_points


def install(
    folder: Path, package: str, code: str, entries: dict[str, dict[str, str]], version: str = "1.0"
) -> None:
    """Write a module and the description of its package, as pip would install them.

    Args:
        folder: On sys.path, see `use`.
        package: Its name; the module's has underscores.
        code: Of the module.
        entries: By group, name to object of the module.
        version: Of the package.
    """
    module = package.replace("-", "_")
    (folder / f"{module}.py").write_text(dedent(code))
    described = folder / f"{module}-{version}.dist-info"
    described.mkdir()
    (described / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n"
    )
    lines = [
        line
        for group, names in entries.items()
        for line in (f"[{group}]", *(f"{name} = {module}:{what}" for name, what in names.items()))
    ]
    (described / "entry_points.txt").write_text("\n".join(lines) + "\n")


def use(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process find what is installed in a folder, and nothing that it knew before."""
    monkeypatch.syspath_prepend(folder)
    forget()


@contextmanager
def used(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let this process find what is installed in a folder until the block ends."""
    use(folder, monkeypatch)
    yield
    monkeypatch.undo()
    forget()


def forget() -> None:
    """Let plug-ins be looked for again, and their modules be imported again."""
    entry_points.forget()
    for name in [name for name in sys.modules if name.startswith("plugged_")]:
        del sys.modules[name]
