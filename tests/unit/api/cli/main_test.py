"""Every command has help with an example; every known error has its exit code."""

from __future__ import annotations

import errno
from typing import Any

import pytest
import typer.main
from sqlalchemy.exc import OperationalError

from api.cli import main as entry
from api.cli.doctor import COLOURS
from densearch.client.client import ClientError, UnreachableError
from service.errors import NotFoundError, SettingsError, UnsafeBindingError


def commands() -> dict[str, Any]:
    """Return every command by the words that call it."""
    root: Any = typer.main.get_command(entry.app)
    found: dict[str, Any] = {}
    for name, command in root.commands.items():
        inner = getattr(command, "commands", {"": command})
        found.update({f"{name} {sub}".strip(): c for sub, c in inner.items()})
    return found


def test_the_commands_are_those_that_the_documentation_promises() -> None:
    assert set(commands()) == {
        *("serve", "api", "dispatch", "submit", "jobs", "watch", "show", "cancel", "pause"),
        *(
            "resume",
            "download",
            "demo",
            "evidence",
            "db upgrade",
            "db current",
            "doctor",
            "version",
        ),
        *("extend", "clone", "retry-failed", "samplers", "bench operator", "delete"),
        *("tag", "report", "again", "trials", "export", "bundle", "mcp"),
        *("db prune", "db downgrade"),
        *("datasets add", "datasets list", "datasets imports", "datasets show"),
        "datasets delete",
        *("campaigns submit", "campaigns list", "campaigns show", "campaigns cancel"),
        "campaigns extend",
        "campaigns delete",
    }


@pytest.mark.parametrize("name", sorted(commands()))
def test_help_says_what_it_does_and_gives_an_example(name: str) -> None:
    command = commands()[name]
    assert command.help
    assert f"densearch {name}" in (command.epilog or "")
    for parameter in command.params:
        assert getattr(parameter, "help", None), f"{name}: {parameter.name} has no help"


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (ClientError(409, "Conflict", "the job has ended"), 1, "the job has ended"),
        (UnreachableError("http://x", "refused"), 3, "no server answers at http://x"),
        (NotFoundError("job", 5), 1, "there is no job 5"),
        (SettingsError("unknown setting"), 2, "unknown setting"),
        (UnsafeBindingError("0.0.0.0"), 2, "--allow-remote"),  # noqa: S104 - refused
        (OSError(errno.EACCES, "Permission denied", "/x"), 2, "/x: Permission denied"),
        (OperationalError("SELECT 1", {}, Exception("no route\nmore")), 1, "(no route)"),
        (ZeroDivisionError("division by zero"), 1, "a defect of densearch: ZeroDivisionError"),
    ],
)
def test_an_error_is_a_sentence_and_an_exit_code(
    error: Exception,
    code: int,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def failing() -> None:
        raise error

    monkeypatch.setattr(entry, "app", failing)
    with pytest.raises(SystemExit) as ended:
        entry.main()
    assert ended.value.code == code
    shown = capsys.readouterr()
    assert sentence in shown.err
    assert "Traceback" not in shown.err
    assert shown.out == ""


def test_levels_of_the_doctor_are_told_apart_without_colour() -> None:
    assert len({level[:4] for level in COLOURS}) == len(COLOURS)
