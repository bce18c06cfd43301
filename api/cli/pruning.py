"""Command `db prune`: removes expendable rows of old jobs."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.database import DataDir
from densearch.cli.terminal import echo

if TYPE_CHECKING:  # the database layer takes half a second to load
    from datetime import datetime

    from service.settings import Settings
    from service.storage.retention import Pruned


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(epilog="Example: densearch db prune --older-than 30d --dry-run")(prune)


def prune(
    older_than: Annotated[str, typer.Option(help="Age since the job's end: 12h, 30d, 8w.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count, remove nothing.")] = False,  # noqa: FBT002 - a flag
    vacuum: Annotated[  # noqa: FBT002 - a flag
        bool, typer.Option("--vacuum", help="Free the disk space; on SQLite with no server.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Remove events, measurements and idempotency keys of jobs that ended long ago.

    Costs of trainings that were measured so long ago are removed, too. Results stay: values,
    curves, metrics, densities, files and reports.
    """
    from service import clock
    from service.jobs.retention import age_of
    from service.settings import load
    from service.storage import locks

    before = clock.now() - age_of(older_than)
    settings = load(data_dir=data_dir)
    is_vacuuming = vacuum and not dry_run
    # VACUUM locks a SQLite file for its whole duration: a server would answer 503 meanwhile.
    with locks.hold_migration(settings, wait_s=0.0) if is_vacuuming else nullcontext():
        found = _prune(settings, before, dry_run=dry_run)
        for table, n in asdict(found).items():
            echo(f"{table}: {n:,} {'would be ' if dry_run else ''}removed")
        if is_vacuuming:
            _vacuum(settings)


def _prune(settings: Settings, before: datetime, *, dry_run: bool) -> Pruned:
    from service.jobs import deletion, retention
    from service.storage import retention as rows
    from service.storage import schema
    from service.storage.chunks import Chunks
    from service.storage.database import Database

    database = Database(settings.resolved_database_url, is_checkpointer=False)
    try:
        schema.check(database)
        if dry_run:
            with database.read() as session:
                return rows.count(session, before)
        chunks = Chunks(database)
        # A database outside the data directory may belong to another data directory.
        is_home = settings.database_url is None
        left = deletion.sweep(chunks, settings.data_dir, is_home=is_home).left
        for job_id, reason in left.items():
            echo(f"deleted job {job_id} is left to the dispatchers: {reason}", err=True)
        return retention.prune(chunks, before)
    finally:
        database.close()


def _vacuum(settings: Settings) -> None:
    from service.storage import locks, vacuum
    from service.storage.database import Database

    file = locks.sqlite_file(settings)
    if file is not None:
        before = file.stat().st_size
        vacuum.vacuum_file(file)
        echo(f"{file}: {before:,} bytes before, {file.stat().st_size:,} now")
        return
    database = Database(settings.resolved_database_url)
    try:
        vacuum.vacuum_tables(database)
    finally:
        database.close()
    echo("the space of removed rows can be used again")
