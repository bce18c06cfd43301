"""The command line of the library alone, and with a server's commands."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from api.cli.commands import SERVER
from densearch.cli.application import ORDER, SERVER_COMMANDS, build
from densearch.cli.server import WITHOUT_SERVER


def names(app: typer.Typer) -> list[str]:
    root = typer.main.get_command(app)
    return root.list_commands(typer.Context(root))  # type: ignore[attr-defined,no-any-return]


def test_with_a_server_the_commands_stand_in_one_order() -> None:
    assert names(build(SERVER)) == list(ORDER)


def test_without_a_server_its_commands_are_missing_and_help_says_where_they_are() -> None:
    app = build(WITHOUT_SERVER)
    assert names(app) == [name for name in ORDER if name not in SERVER_COMMANDS]
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "300"}).output
    assert (
        "Not installed: serve, api, dispatch, demo, again, mcp, evidence, doctor, bench, db"
        in shown
    )
    assert "./run setup" in shown


@pytest.mark.parametrize("name", SERVER_COMMANDS)
def test_a_command_of_the_server_says_where_it_is(name: str) -> None:
    ended = CliRunner().invoke(build(WITHOUT_SERVER), [name, "--port", "1"])
    assert ended.exit_code == 2
    assert f"{name}" in ended.output
    assert "are not installed here: they come with the server" in ended.output


def test_what_is_no_command_is_refused_as_ever() -> None:
    ended = CliRunner().invoke(build(WITHOUT_SERVER), ["sevre"])
    assert ended.exit_code == 2
    assert "No such command 'sevre'" in ended.output


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("densearch tri", "trials"),
        ("densearch datasets sh", "show"),
        ("densearch jobs --js", "--json"),
    ],
)
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_commands_and_options(shell: str, words: str, expected: str) -> None:
    environment = {
        "_DENSEARCH_COMPLETE": f"complete_{shell}",
        "_TYPER_COMPLETE_ARGS": words,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    ended = CliRunner().invoke(build(SERVER), [], prog_name="densearch", env=environment)
    assert ended.exit_code == 0
    assert expected in ended.stdout
    assert "retry-failed" not in ended.stdout
