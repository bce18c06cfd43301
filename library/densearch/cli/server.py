"""What an installed server adds to the command line: commands, settings, explained errors.

The library names no module of the server. The distribution `densearch-server` registers a
`ServerCommands` in the entry-point group `densearch.commands`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from configparser import ConfigParser
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name
from urllib.parse import urlsplit

import typer

from densearch.redaction import learn

# Where an installed distribution keeps its entry points, by the specifications of PyPA.
ENTRY_POINTS = "densearch_server-*.dist-info/entry_points.txt"
GROUP, ENTRY = "densearch.commands", "server"
DEFAULT_URL = "http://127.0.0.1:8080"


def url_of(url: str | None) -> str:
    """Return the address that an option or DENSEARCH_URL names, the default without either."""
    found = url or os.environ.get("DENSEARCH_URL") or DEFAULT_URL
    _learn_password(found)
    return found


def nothing_known(error: Exception) -> tuple[str, int] | None:
    """Explain no error: without a server there are only the library's own."""
    del error
    return None


@dataclass(frozen=True, slots=True)
class ServerCommands:
    """The server's part of the command line.

    Attributes:
        register: Adds its commands to the application.
        url_of: Returns the server's address, from an option and the settings; raises what
            `explain` knows where the settings cannot be used.
        explain: Returns a sentence and an exit code for an error that it knows, else None.
    """

    register: Callable[[typer.Typer], object]
    url_of: Callable[[str | None], str]
    explain: Callable[[Exception], tuple[str, int] | None]


WITHOUT_SERVER = ServerCommands(lambda app: app, url_of, nothing_known)
_current = WITHOUT_SERVER


def use(commands: ServerCommands) -> None:
    """Make `current` return these."""
    global _current  # noqa: PLW0603 - one process is one command line
    _current = commands


def current() -> ServerCommands:
    """Return the server's part, or what takes its place where none is installed."""
    return _current


def installed() -> ServerCommands:
    """Return what the installed server registers, `WITHOUT_SERVER` where there is none.

    One file is read: to import `importlib.metadata` would take a tenth of `densearch --help`.
    """
    for folder in sys.path:
        for file in Path(folder or ".").glob(ENTRY_POINTS):
            found = ConfigParser(delimiters=("=",), interpolation=None)
            found.read(file, encoding="utf-8")
            if found.has_option(GROUP, ENTRY):
                commands: ServerCommands = resolve_name(found.get(GROUP, ENTRY))
                return commands
    return WITHOUT_SERVER


def _learn_password(url: str) -> None:
    try:
        password = urlsplit(url).password
    except ValueError:  # no URL: the client says so
        return
    if password:
        learn(password)
