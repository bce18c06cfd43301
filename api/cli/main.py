"""Entry point of `densearch`. Everything heavy is imported by the command that needs it."""

from __future__ import annotations

import os

import typer

from api.cli import bench, database, datasets, demo, jobs, pruning, reopening, roles, samplers
from api.cli.failures import REFUSED, UNREACHABLE, USAGE, fail
from api.cli.roles import DataDir
from api.cli.terminal import echo

app = typer.Typer(
    name="densearch",
    help="Search the densities of weighted convolutions: serve, submit, watch, download.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
roles.register(app)
jobs.register(app)
reopening.register(app)
samplers.register(app)
demo.register(app)
app.add_typer(bench.app, name="bench")
app.add_typer(datasets.app, name="datasets")
pruning.register(database.app)
app.add_typer(database.app, name="db")


@app.command(epilog="Example: densearch doctor --url http://127.0.0.1:8080")
def doctor(
    url: str | None = typer.Option(None, help="Server to look for; DENSEARCH_URL if left out."),
    data_dir: DataDir = None,
) -> None:
    """Check versions, database, Ray, disk, GPU and server, and say what to do."""
    from api.cli.doctor import examine  # its checks are not needed to show help

    raise SystemExit(examine(url, data_dir))


@app.command(epilog="Example: densearch version")
def version() -> None:
    """Print the installed version."""
    from importlib.metadata import version as version_of  # reads the package's metadata

    echo(version_of("densearch"))


def main() -> None:
    """Run the command line; every error becomes a sentence and an exit code."""
    try:
        app()
    except Exception as error:  # noqa: BLE001 - the last line of defence, and it says so
        _explain(error)


def _explain(error: Exception) -> None:
    """End the process with what the user can do about `error`."""
    from sqlalchemy.exc import SQLAlchemyError  # only a failing command pays for these

    from densearch.client.client import ClientError, UnreachableError
    from service.errors import DensearchError, SettingsError

    if isinstance(error, UnreachableError):
        fail(str(error), UNREACHABLE)
    if isinstance(error, SettingsError):
        fail(str(error), USAGE)
    if isinstance(error, ClientError | DensearchError):
        fail(str(error), REFUSED)
    if isinstance(error, OSError) and error.filename is not None:
        fail(f"{error.filename}: {error.strerror}", USAGE)
    if isinstance(error, SQLAlchemyError):
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        fail(f"the database refused ({reason}): `densearch doctor` says more", REFUSED)
    if os.environ.get("DENSEARCH_LOG_LEVEL") == "DEBUG":
        raise error
    fail(
        f"a defect of densearch: {type(error).__name__}: {error}; "
        "DENSEARCH_LOG_LEVEL=DEBUG shows where",
        REFUSED,
    )


if __name__ == "__main__":
    main()
