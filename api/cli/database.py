"""Commands `db upgrade` and `db current`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DataDir = Annotated[
    Path | None, typer.Option(help="Directory of the SQLite file; DENSEARCH_DATA_DIR or data.")
]

app = typer.Typer(help="Upgrade the database, or show its revision.", no_args_is_help=True)


@app.command(epilog="Example: densearch db upgrade")
def upgrade(data_dir: DataDir = None) -> None:
    """Bring the database to the revision that this version needs; create it if it is new."""
    from service.settings import load  # the database layer takes half a second to load
    from service.storage import schema
    from service.storage.database import Database

    database = Database(load(data_dir=data_dir).resolved_database_url)
    try:
        before = schema.current(database)
        schema.upgrade(database)
        after = schema.current(database)
    finally:
        database.close()
    name = database.url.render_as_string(hide_password=True)
    if before == after:
        typer.echo(f"{name} is at revision {after} already")
    else:
        typer.echo(f"{name}: upgraded from {before or 'empty'} to {after}")


@app.command(epilog="Example: densearch db current")
def current(data_dir: DataDir = None) -> None:
    """Print the database's revision; exit code 1 when it is not the one needed."""
    from service.settings import load  # the database layer takes half a second to load
    from service.storage import schema
    from service.storage.database import Database

    database = Database(load(data_dir=data_dir).resolved_database_url)
    try:
        schema.check(database)
        typer.echo(schema.current(database))
    finally:
        database.close()
