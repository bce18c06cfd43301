"""The application: the library's commands, the installed server's, in one order."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from densearch.cli import (
    campaigns,
    datasets,
    documents,
    exports,
    interrupts,
    jobs,
    json_documents,
    reopening,
    samplers,
    trials,
)
from densearch.cli.failures import USAGE, fail
from densearch.cli.json_documents import IsJson, print_document
from densearch.cli.server import WITHOUT_SERVER, ServerCommands
from densearch.cli.terminal import echo

# As help lists them. Where no server is installed, its commands are missing.
ORDER = (
    *("serve", "api", "dispatch", "submit", "jobs", "watch", "show", "trials", "report", "pause"),
    *(
        "resume",
        "cancel",
        "delete",
        "tag",
        "download",
        "export",
        "bundle",
        "extend",
        "clone",
        "retry-failed",
    ),
    *("samplers", "demo", "again", "mcp"),
    *("evidence", "doctor", "version", "bench", "campaigns", "datasets", "db"),
)
SERVER_COMMANDS = (
    "serve",
    "api",
    "dispatch",
    "demo",
    "again",
    "mcp",
    "evidence",
    "doctor",
    "bench",
    "db",
)
REMEDY = "they come with the server, which runs from a clone of densearch: ./run setup"


class Commands(TyperGroup):
    """The commands in their order; those of a server that is not installed say where it is.

    With ``--json`` wrong usage, too, is a problem document.
    """

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001 - typer's own
        windows_expand_args: bool = True,  # noqa: FBT001 - typer's own
        **extra: Any,
    ) -> Any:  # noqa: ANN401 - typer's own
        """Run a command and end the process."""
        rest = (prog_name, complete_var, standalone_mode, windows_expand_args)
        if not json_documents.use(sys.argv[1:] if args is None else args):
            return super().main(args, *rest, **extra)
        try:
            code = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        except TyperException as error:
            fail(error.format_message(), error.exit_code, title="Wrong usage")
        sys.exit(code or 0)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - typer's own
        """Run a command; a pipe that its reader closed ends it as others: see `interrupts`."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            interrupts.end_by_closed_pipe()

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401 - typer's own class
        """Return the names as help lists them."""
        return sorted(super().list_commands(ctx), key=_rank)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401 - typer's own classes
        """Return a command; end the process for one of a server that is not installed."""
        found = super().get_command(ctx, cmd_name)
        if found is None and cmd_name in SERVER_COMMANDS:
            fail(f"{', '.join(SERVER_COMMANDS)} are not installed here: {REMEDY}", USAGE)
        return found


def _rank(name: str) -> int:
    return ORDER.index(name) if name in ORDER else len(ORDER)


def build(server: ServerCommands) -> typer.Typer:
    """Return the application with the commands of the library and of a server."""
    is_alone = server is WITHOUT_SERVER
    app = typer.Typer(
        name="densearch",
        cls=Commands,
        help="Search the densities of weighted convolutions: serve, submit, watch, download.",
        epilog=f"Not installed: {', '.join(SERVER_COMMANDS)}; {REMEDY}" if is_alone else None,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    jobs.register(app)
    trials.register(app)
    documents.register(app)
    exports.register(app)
    reopening.register(app)
    samplers.register(app)
    app.callback()(options)
    app.command(epilog="Example: densearch version")(version)
    app.add_typer(campaigns.app, name="campaigns")
    app.add_typer(datasets.app, name="datasets")
    server.register(app)
    return app


def _print_version(is_version: bool) -> None:  # noqa: FBT001 - typer's own
    if is_version:
        version()
        raise typer.Exit


def options(
    is_version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Print the installed version.",
            is_eager=True,
            callback=_print_version,
        ),
    ] = False,
) -> None:
    """Search the densities of weighted convolutions: serve, submit, watch, download."""
    del is_version  # printed by its callback


def version(is_json: IsJson = False) -> None:
    """Print the installed version."""
    from importlib.metadata import version as version_of  # reads the package's metadata

    found = version_of("densearch")
    if is_json:
        print_document({"version": found})
    else:
        echo(found)
