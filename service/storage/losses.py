"""Jobs whose results were lost, and the copy of the database that still has them.

Before version 0.2 an upgrade of a SQLite file kept its jobs and deleted all their dependent rows
(docs/adr/0020-migrations-lose-nothing.md). A job is stored together with its studies, and no job
succeeds without a trial: a job without them has lost them, unless it was deleted and is being
removed.
"""

from __future__ import annotations

import glob
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from service.storage import backups
from service.storage.database import Database

# A number alone does not name a job: the copy may be of another database.
_JOBS = "SELECT id, CAST(created_at AS VARCHAR(40)) FROM jobs"
_DAMAGED = """
SELECT id, CAST(created_at AS VARCHAR(40)) FROM jobs
WHERE state <> 'DELETED' AND NOT EXISTS (SELECT 1 FROM studies WHERE job_id = jobs.id)
OR state = 'SUCCEEDED' AND NOT EXISTS (SELECT 1 FROM trials WHERE job_id = jobs.id)
"""


@dataclass(frozen=True, slots=True)
class Loss:
    """Jobs that have lost their studies or trials.

    Attributes:
        job_ids: Their ids, ascending.
        copy: The copy in the database's directory with the studies and trials of the most of these
            jobs, the newest of several; None when no copy has any.
        n_restorable: How many of these jobs the copy can restore.
        way_back: The shell command that replaces the database's file by the copy.
    """

    job_ids: tuple[int, ...]
    copy: Path | None = None
    n_restorable: int = 0
    way_back: str | None = None


def find(database: Database) -> Loss | None:
    """Return which jobs have lost their results, None when there are none.

    Args:
        database: Of any revision.
    """
    with database.engine.connect() as connection:
        damaged = {(row[0], row[1]) for row in connection.execute(text(_DAMAGED))}
        file = backups.file_of(connection)
    if not damaged:
        return None
    job_ids = tuple(sorted(job_id for job_id, _ in damaged))
    copies = sorted(_copies(file), key=_age) if file else []
    counted = [(len(damaged & _whole_jobs(copy)), copy) for copy in copies]
    n_restorable, best = max(counted, key=lambda pair: pair[0], default=(0, None))
    if file is None or best is None or n_restorable == 0:
        return Loss(job_ids)
    return Loss(job_ids, best, n_restorable, backups.way_back(file, best))


def _copies(file: Path) -> Iterator[Path]:
    """Yield the files named as a copy of this one, by the product or by a user."""
    named = file.parent.glob(f"{glob.escape(file.stem)}-*{glob.escape(file.suffix)}")
    return (path for path in named if path.is_file())  # a link may lead nowhere


def _age(copy: Path) -> tuple[float, str]:
    """Sort the newest first, so that it is chosen among equally good copies."""
    return -copy.stat().st_mtime, copy.name


def _whole_jobs(copy: Path) -> set[tuple[int, str]]:
    """Return the jobs of a copy that have their studies and trials; none if it is no database."""
    try:
        with closing(sqlite3.connect(f"{copy.absolute().as_uri()}?mode=ro", uri=True)) as reader:
            every = reader.execute(_JOBS).fetchall()
            return set(every) - set(reader.execute(_DAMAGED).fetchall())
    except sqlite3.Error:
        return set()
