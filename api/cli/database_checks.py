"""`densearch doctor` on the database: its address, revision, results and migrations."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from api.cli.findings import Finding
from service.errors import DensearchError
from service.settings import Settings

if TYPE_CHECKING:
    from service.storage.database import Database

# The WAL-reset bug: two connections that write and checkpoint at once can corrupt the file.
SQLITE_WAL_SAFE = (3, 51, 3)


def check_database(settings: Settings) -> Iterator[Finding]:
    """Connect, compare the revision, and judge SQLite's version."""
    from sqlalchemy.exc import SQLAlchemyError  # slow to load: only this check needs it

    from service.storage import locks, schema
    from service.storage.database import Database

    file = locks.sqlite_file(settings)
    if file is not None and not file.exists():
        yield Finding(
            "warn", "database", f"{file} does not exist yet", "`densearch serve` makes it"
        )
        yield from _sqlite_findings()
        return
    database = Database(settings.resolved_database_url, is_checkpointer=False)
    name = database.shown_url
    try:
        found, needed = schema.current(database), schema.head()
        if found == needed:
            yield Finding("ok", "database", f"{name} at revision {found}")
        else:
            detail = f"{name} is at revision {found or 'none'}, this version needs {needed}"
            yield Finding("fail", "database", detail, "densearch db upgrade")
        if found is not None:
            yield from _results_findings(database)
            yield from _writes_findings(database)
    except DensearchError as error:
        yield Finding("fail", "database", f"{name}: {error}")
    except (SQLAlchemyError, OSError) as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        remedy = "start the database, or correct DENSEARCH_DATABASE_URL or DENSEARCH_DATA_DIR"
        yield Finding("fail", "database", f"{name} cannot be opened: {reason}", remedy)
    finally:
        database.close()
    if database.is_sqlite:
        yield from _sqlite_findings()


def _writes_findings(database: Database) -> Iterator[Finding]:
    """Say why the database refuses writes, if it does."""
    from sqlalchemy.exc import SQLAlchemyError  # slow to load, as above

    from service.storage.refusals import REMEDIES, refusal_of

    try:
        database.check_writable()
    except (SQLAlchemyError, OSError) as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        yield Finding("fail", "database", str(refusal), REMEDIES[refusal])


def _results_findings(database: Database) -> Iterator[Finding]:
    """Detect jobs whose results an upgrade by an earlier version deleted."""
    from service.storage import losses

    loss = losses.find(database)
    if loss is None:
        return
    listed = ", ".join(map(str, loss.job_ids[:10])) + (", ..." if len(loss.job_ids) > 10 else "")
    detail = f"{len(loss.job_ids)} jobs have lost their studies or trials ({listed})"
    remedy = "no copy in the database's directory has them: restore another backup"
    if loss.copy is not None:
        remedy = (
            f"{loss.copy} still has those of {loss.n_restorable}: end the server, then "
            f"{loss.way_back}; jobs submitted after that copy was made are not in it"
        )
    yield Finding("fail", "results", detail, remedy)


def check_migrations(settings: Settings) -> Iterator[Finding]:
    """Run the migrations: on a copy of a SQLite file that needs them, else on an empty one."""
    from service.storage import locks, schema
    from service.storage.database import Database

    with TemporaryDirectory(prefix="densearch-doctor-") as folder:
        copy = settings.model_copy(update={"data_dir": Path(folder), "database_url": None})
        what = "an empty database"
        file = locks.sqlite_file(settings)
        if file is not None and file.exists():
            what = f"a copy of {file}"
            uri = f"{file.absolute().as_uri()}?mode=ro"
            with (
                closing(sqlite3.connect(uri, uri=True)) as source,
                closing(sqlite3.connect(copy.sqlite_path)) as target,
            ):
                source.backup(target)
        database = Database(copy.resolved_database_url)
        try:
            schema.upgrade(database)
            yield Finding(
                "ok", "migrations", f"bring {what} to revision {schema.current(database)}"
            )
        except Exception as error:  # noqa: BLE001 - whatever a migration raises is the finding
            reason = str(error).strip().splitlines()[0]
            remedy = "keep the database as it is, and report this with the doctor's output"
            yield Finding("fail", "migrations", f"of {what} fail: {reason}", remedy)
        finally:
            database.close()


def _sqlite_findings() -> Iterator[Finding]:
    if sqlite3.sqlite_version_info >= SQLITE_WAL_SAFE:
        yield Finding("ok", "sqlite", sqlite3.sqlite_version)
        return
    yield Finding(
        "warn",
        "sqlite",
        f"{sqlite3.sqlite_version} has the WAL-reset bug (fixed in 3.51.3); densearch is safe "
        "from it, since the dispatcher alone checkpoints",
        "run one dispatcher a file, open it with no other program that writes, or use PostgreSQL",
    )
