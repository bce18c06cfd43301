"""Answers for scripts: with ``--json`` a command prints one JSON document, or one problem.

A document is what the REST API answers, so that it changes with the API's version alone. It is
ASCII whatever the locale: characters beyond are escaped as JSON has it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, islice
from typing import Annotated, Any

import typer

OPTION = "--json"
IsJson = Annotated[bool, typer.Option(OPTION, help="Print one JSON document, for scripts.")]
_DELETE = "\x7f"
# Of failures that have none of their own, by exit code.
_TITLES = {1: "Not done", 2: "Wrong usage", 3: "No server"}
_is_wanted = False


def use(arguments: Sequence[str]) -> bool:
    """Learn from a command's arguments whether its answer and its failure are JSON."""
    global _is_wanted  # noqa: PLW0603 - one process is one command line
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    _is_wanted = OPTION in own
    return _is_wanted


def is_wanted() -> bool:
    """Whether the running command was asked for JSON."""
    return _is_wanted


def print_document(value: object) -> None:
    """Print the one document of a command."""
    sys.stdout.write(_encoded(value) + "\n")


def print_items(items: Iterable[Mapping[str, Any]], **more: object) -> None:
    """Print a list as ``{"items": [...]}``, an item as it comes: a long one is never held whole.

    Args:
        items: Of the list. An error before the first leaves nothing on stdout.
        more: What the document says besides.
    """
    rest = iter(items)
    first = list(islice(rest, 1))
    members = "".join(f"\n  {json.dumps(name)}: {_encoded(more[name])}," for name in more)
    sys.stdout.write(f'{{{members}\n  "items": [')
    for index, item in enumerate(chain(first, rest)):
        sys.stdout.write((",\n" if index else "\n") + _encoded(item, indent=None))
    sys.stdout.write("\n]}\n" if first else "]}\n")


def print_problem(detail: str, exit_code: int, problem: Mapping[str, object]) -> None:
    """Print why a command failed to stderr, in the form of RFC 9457.

    Args:
        detail: What is wrong and what to do about it.
        exit_code: Of the command.
        problem: Further members, such as title, status and errors.
    """
    title = _TITLES.get(exit_code, "Ended by an error")
    document = {"title": title, **problem, "detail": detail, "exit_code": exit_code}
    sys.stderr.write(_encoded(document) + "\n")


def _encoded(value: object, indent: int | None = 2) -> str:
    return json.dumps(value, indent=indent).replace(_DELETE, "\\u007f")
