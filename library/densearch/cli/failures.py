"""How a command fails: one sentence on stderr and an exit code, never a traceback."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

import typer

from densearch.cli.terminal import echo

REFUSED = 1
USAGE = 2
UNREACHABLE = 3


def fail(message: str, code: int = REFUSED) -> NoReturn:
    """Print `message` to stderr and end the command with `code`.

    Exit codes: 0 success, 1 refused or not found, 2 wrong usage or settings, 3 no server there.
    """
    echo(f"densearch: {message}", err=True, fg=typer.colors.RED)
    raise SystemExit(code)


def reason_of(error: Mapping[str, Any]) -> str:
    """Return an error's title, if it has one, and its detail."""
    title = error.get("title")
    return f"{title}: {error['detail']}" if title else str(error["detail"])
