"""The server's commands for the library's command line (`densearch.cli.server`)."""

from __future__ import annotations

import typer

from api.cli import again, agents, bench, database, demo, evidence, pruning, roles
from api.cli.roles import DataDir
from densearch.cli.failures import REFUSED, USAGE
from densearch.cli.json_documents import IsJson
from densearch.cli.server import ServerCommands


def register(app: typer.Typer) -> None:
    """Add the commands."""
    roles.register(app)
    demo.register(app)
    again.register(app)
    agents.register(app)
    evidence.register(app)
    app.command(epilog="Example: densearch doctor --url http://127.0.0.1:8080")(doctor)
    app.add_typer(bench.app, name="bench")
    pruning.register(database.app)
    app.add_typer(database.app, name="db")


def doctor(
    url: str | None = typer.Option(None, help="Server to look for; DENSEARCH_URL if left out."),
    data_dir: DataDir = None,
    is_json: IsJson = False,  # noqa: FBT002 - an option
) -> None:
    """Check versions, database, Ray, disk, GPU and server, and say what to do."""
    from api.cli.doctor import examine  # its checks are not needed to show help

    raise SystemExit(examine(url, data_dir, is_json=is_json))


def url_of(url: str | None) -> str:
    """Return the server's address from an option and the settings.

    Raises:
        SettingsError: A variable is unknown or its value is not usable.
    """
    from service.settings import load  # the settings take 0.2 s to load

    return load(url=url).url


def explain(error: Exception) -> tuple[str, int] | None:
    """Return a sentence and an exit code for an error of the service or its database."""
    from sqlalchemy.exc import SQLAlchemyError  # only a failing command pays for these

    from service.errors import DensearchError, SettingsError

    if isinstance(error, SettingsError):
        return str(error), USAGE
    if isinstance(error, DensearchError):
        return str(error), REFUSED
    if isinstance(error, SQLAlchemyError):
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        return f"the database refused ({reason}): `densearch doctor` says more", REFUSED
    return None


SERVER = ServerCommands(register, url_of, explain)
