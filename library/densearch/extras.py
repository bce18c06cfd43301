"""The optional packages of the library by extra, and names that are loaded when first used."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from importlib import import_module
from types import MappingProxyType

# As in library/pyproject.toml: an extra -> the modules that it makes importable.
EXTRAS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "cli": ("httpx2", "rich", "typer", "yaml"),
        "client": ("httpx2",),
        "direct": ("nlopt", "scipy"),
        "optuna": ("nlopt", "optuna", "scipy"),
        "plugins": ("pydantic",),
        "ray": ("nlopt", "ray", "scipy"),
        "torch": ("torch",),
    }
)


@contextmanager
def required(extra: str) -> Iterator[None]:
    """Import optional packages inside this block: a missing one becomes an error with the remedy.

    Args:
        extra: A key of `EXTRAS`.

    Raises:
        ImportError: A package of the extra is not installed. Other failures pass unchanged.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in EXTRAS[extra]:
            raise
        message = (
            f"{missing} is not installed: install densearch with the extra {extra!r}; "
            f"from a clone: pip install './library[{extra}]'"
        )
        raise ImportError(message, name=missing) from error


def load(package: str, name: str, homes: Mapping[str, tuple[str, str | None]]) -> object:
    """Load a public name of a package when it is first used (PEP 562).

    Args:
        package: The package's full name; it keeps the value for the next use.
        name: The name.
        homes: From a name to its module, and to the extra that the module needs, if any.

    Raises:
        AttributeError: There is no such name.
        ImportError: A package of the extra is not installed; the message names the extra.
    """
    if name not in homes:
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    module, extra = homes[name]
    with required(extra) if extra is not None else nullcontext():
        value: object = getattr(import_module(module), name)
    setattr(sys.modules[package], name, value)
    return value
