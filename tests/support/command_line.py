"""The command line as a tree: names to look up, a parser for the lines that documents show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from typer.main import get_command

from api.cli.main import app


def command_names(option: str | None = None) -> set[str]:
    """Every command a user can type, such as ``db upgrade``, or those with an option."""
    return set(_names(get_command(app), (), option))


def _names(command: Any, path: tuple[str, ...], option: str | None) -> Iterator[str]:  # noqa: ANN401 - typer's own classes
    children = getattr(command, "commands", None)
    if children is None:
        if option is None or any(option in parameter.opts for parameter in command.params):
            yield " ".join(path)
        return
    for name, child in children.items():
        yield from _names(child, (*path, name), option)


def parse(arguments: Sequence[str]) -> dict[str, Any]:
    """Parse what follows ``densearch`` and return the parameters.

    Raises:
        Exception: typer's, for a command, an option or a value that does not exist.
    """
    command: Any = get_command(app)
    rest = list(arguments)
    while hasattr(command, "commands"):
        if not rest or rest[0] not in command.commands:
            raise LookupError(f"no such command: densearch {' '.join(arguments)}")
        command = command.commands[rest.pop(0)]
    parameters: dict[str, Any] = command.make_context("densearch", rest).params
    return parameters
