"""Commands that run a role: serve (both), api, dispatch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from densearch.cli import interrupts
from service.privacy import keep_files_private

Host = Annotated[str | None, typer.Option(help="Address to listen on; 127.0.0.1 if left out.")]
Port = Annotated[
    int | None,
    typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one. [8080]"),
]
DataDir = Annotated[
    Path | None,
    typer.Option(help="Directory of the SQLite file and the artifacts. \\[data]"),
]
AllowRemote = Annotated[
    bool | None,
    typer.Option(
        "--allow-remote",
        help="Listen beyond this machine; others then need DENSEARCH_TOKEN.",
    ),
]
AllowNoToken = Annotated[
    bool | None,
    typer.Option(
        "--allow-no-token",
        help="Listen beyond this machine without a token: all who reach it may do everything.",
    ),
]
Restart = Annotated[
    bool,
    typer.Option(help="Restart it when it ends; a service manager may do so instead."),
]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command(epilog="Example: densearch serve --port 8080 --data-dir data")(serve)
    app.command(epilog="Example: densearch api --host 0.0.0.0 --allow-remote")(api)
    app.command(
        epilog="Example: DENSEARCH_RAY_ADDRESS=ray-head:6379 densearch dispatch",
    )(dispatch)


def _begin() -> None:
    keep_files_private()
    interrupts.end_at_once()  # what must end in order sets handlers of its own


def serve(
    host: Host = None,
    port: Port = None,
    data_dir: DataDir = None,
    allow_remote: AllowRemote = None,
    allow_no_token: AllowNoToken = None,
) -> None:
    """Start the whole product on this machine: API, dashboard and dispatcher.

    The database is created or upgraded first; DENSEARCH_DATABASE_URL names a PostgreSQL instead
    of the SQLite file. Ctrl-C ends everything; the next start continues where this one stopped.
    """
    _run_http(
        with_dispatcher=True,
        host=host,
        port=port,
        data_dir=data_dir,
        allow_remote=allow_remote,
        allow_no_token=allow_no_token,
    )


def api(
    host: Host = None,
    port: Port = None,
    data_dir: DataDir = None,
    allow_remote: AllowRemote = None,
    allow_no_token: AllowNoToken = None,
) -> None:
    """Start the API and the dashboard alone; the database must be upgraded already."""
    _run_http(
        with_dispatcher=False,
        host=host,
        port=port,
        data_dir=data_dir,
        allow_remote=allow_remote,
        allow_no_token=allow_no_token,
    )


def dispatch(data_dir: DataDir = None, *, restart: Restart = True) -> None:
    """Start a dispatcher alone: it runs jobs on Ray until it is ended.

    It is a child process, restarted whenever it dies or loses Ray. Ctrl-C or SIGTERM ends both.
    """
    _begin()
    from api.cli.dispatcher import replace_process, supervise
    from service.settings import load  # refuses unusable settings before the slow start
    from service.storage import disk_space

    settings = load(data_dir=data_dir)
    # Checked here, not at each start: a child that dies while a disk is full is restarted.
    disk_space.check(settings, writes_files=True, starts_ray=True)
    if not restart:
        replace_process(settings)
    raise SystemExit(supervise(settings))


def _run_http(*, with_dispatcher: bool, **given: str | int | bool | Path | None) -> None:
    """Run the API with settings that the command line may override."""
    _begin()
    from api.cli.http_server import run  # loads the web framework
    from service.settings import load

    run(load(**given), with_dispatcher=with_dispatcher)
