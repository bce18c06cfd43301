"""The optional packages of the library, by the extra that installs them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

# As in library/pyproject.toml: an extra -> the modules that it makes importable.
EXTRAS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "cli": ("httpx2", "rich", "typer"),
        "client": ("httpx2",),
        "direct": ("nlopt", "scipy"),
        "plugins": ("pydantic",),
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
