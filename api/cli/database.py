"""Commands `db upgrade`, `db downgrade` and `db current`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from densearch.cli.json_documents import IsJson, print_document
from densearch.cli.terminal import echo
from service.privacy import keep_files_private

if TYPE_CHECKING:  # the database layer takes half a second to load
    from service.settings import Settings
    from service.storage.database import Database
    from service.storage.schema import Migrated

DataDir = Annotated[
    Path | None, typer.Option(help="Directory of the SQLite file; DENSEARCH_DATA_DIR or data.")
]
NoBackup = Annotated[
    bool,
    typer.Option(
        "--no-backup",
        help="Make no copy of a SQLite file first. If the upgrade goes wrong, the results of all "
        "jobs are lost, unless you have another backup.",
    ),
]

app = typer.Typer(
    help="Upgrade or downgrade the database, or show its revision.", no_args_is_help=True
)


@app.command(epilog="Example: densearch db upgrade")
def upgrade(data_dir: DataDir = None, no_backup: NoBackup = False) -> None:  # noqa: FBT002 - a flag
    """Bring the database to the revision that this version needs; create it if it is new.

    The upgrade is complete or changes nothing. A SQLite file that holds jobs is copied first, into
    its directory; back up PostgreSQL yourself (pg_dump).
    """
    from service.storage import schema

    _move(
        data_dir,
        schema.head(),
        "upgraded",
        lambda found: schema.upgrade(found, with_backup=not no_backup),
    )


@app.command(epilog="Example: densearch db downgrade 0003")
def downgrade(
    revision: Annotated[str, typer.Argument(help='An earlier revision; "base" deletes all.')],
    data_dir: DataDir = None,
    no_backup: NoBackup = False,  # noqa: FBT002 - a flag
) -> None:
    """Take the database back to an earlier revision; data that it cannot hold is deleted.

    The downgrade is complete or changes nothing. A SQLite file that holds jobs is copied first,
    into its directory; back up PostgreSQL yourself (pg_dump).
    """
    from service.storage import schema

    _move(
        data_dir,
        revision,
        "downgraded",
        lambda found: schema.downgrade(found, revision, with_backup=not no_backup),
    )


@app.command(epilog="Example: densearch db current")
def current(data_dir: DataDir = None, is_json: IsJson = False) -> None:  # noqa: FBT002 - an option
    """Print the database's revision; exit code 1 when it is not the one needed."""
    from service.storage import schema

    _, database = _opened(data_dir)
    try:
        schema.check(database)
        if is_json:
            print_document({"revision": schema.head()})
        else:
            echo(schema.head())
    finally:
        database.close()


def _opened(data_dir: Path | None) -> tuple[Settings, Database]:
    from service.settings import load
    from service.storage.database import Database

    keep_files_private()
    settings = load(data_dir=data_dir)
    return settings, Database(settings.resolved_database_url)


def _move(
    data_dir: Path | None, target: str, verb: str, move: Callable[[Database], Migrated]
) -> None:
    from service.settings import load
    from service.storage import disk_space, locks, schema

    disk_space.check(load(data_dir=data_dir))
    settings, database = _opened(data_dir)
    try:
        is_there = (schema.current(database) or "base") == target
        database.close()  # a connection of this process would count as another user of the file
        with nullcontext() if is_there else locks.hold_migration(settings):
            done = move(database)
    finally:
        database.close()
    name = database.shown_url
    if done.before == done.after:
        echo(f"{name} is at revision {done.after or 'none'} already")
        return
    echo(f"{name}: {verb} from {done.before or 'empty'} to {done.after or 'empty'}")
    if done.backup is not None:
        echo(f"the database as it was before: {done.backup.path}")
        version = "this version" if verb == "downgraded" else "the version before"
        echo(f"to go back, end the server, install {version}, then run:")
        echo(f"  {done.backup.way_back}")
