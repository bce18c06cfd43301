"""How a command fails: one sentence on stderr and an exit code, never a traceback.

With ``--json`` the sentence is a member of a problem document.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from densearch.cli import json_documents
from densearch.cli.terminal import echo
from densearch.redaction import hide

if TYPE_CHECKING:
    from densearch.client import ClientError

REFUSED = 1
USAGE = 2
UNREACHABLE = 3


def fail(message: str, code: int = REFUSED, *, lines: Sequence[str] = (), **more: Any) -> NoReturn:
    """Print `message` to stderr and end the command with `code`.

    The table in docs/command-line.md says what a code means.

    Args:
        message: What is wrong and what to do about it.
        code: The exit code.
        lines: Printed before the message, for people alone.
        more: Members of the problem document, for scripts alone.
    """
    if json_documents.is_wanted():
        json_documents.print_problem(hide(message), code, more)
        raise SystemExit(code)
    for line in lines:
        echo(line, err=True)
    echo(f"densearch: {message}", err=True, fg=typer.colors.RED)
    raise SystemExit(code)


def reason_of(error: Mapping[str, Any]) -> str:
    """Return an error's title, if it has one, and its detail."""
    title = error.get("title")
    return f"{title}: {error['detail']}" if title else str(error["detail"])


def problem_of(error: ClientError) -> dict[str, Any]:
    """Return the members of the problem document of a refusal."""
    problem: dict[str, Any] = {"title": error.title, "status": error.status}
    if error.faults:
        faults = [{"pointer": fault.pointer, "detail": fault.detail} for fault in error.faults]
        problem |= {"errors": faults, "n_errors": error.n_faults}
    return problem
