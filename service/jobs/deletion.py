"""Deleting jobs that have ended, with everything that no other job shares.

`delete` makes a job invisible in one small transaction; `sweep` removes its files and its rows
later, in chunks. A process that dies on the way leaves the rest to the next sweep.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from service.jobs import artifact_files
from service.storage import deadlines, deletion
from service.storage.chunks import Chunks
from service.storage.database import Database

# Dispatchers wait while files are removed: for the database no longer than this, s.
FILES_S = 5.0


@dataclass(frozen=True, slots=True)
class Swept:
    """The result of a sweep.

    Attributes:
        n_rows: Number of rows removed.
        left: For each deleted job whose files could not be removed, by its id, the reason. Its
            rows stay, too.
    """

    n_rows: int
    left: Mapping[int, str]


def delete(database: Database, job_id: int) -> None:
    """Delete a job; results that other jobs took from it stay theirs.

    Raises:
        NotFoundError: There is no such job.
        NotDeletableError: It has not ended.
    """
    # Files are removed after this commit: a power cut must not bring the job back.
    with database.write(is_durable=True) as session:
        deletion.mark(session, job_id)


def sweep(chunks: Chunks, data_dir: Path, *, is_home: bool = True) -> Swept:
    """Remove the remaining rows and files of deleted jobs; several processes may do so at once.

    Args:
        chunks: Of the database.
        data_dir: The data directory.
        is_home: Whether it is certainly the dispatchers' one, so that a missing file was removed.
            Otherwise a job is skipped unless all its files are there.
    """
    with chunks.database.read() as session:
        job_ids = deletion.marked(session)
    n_rows, left = 0, {}
    for job_id in job_ids:
        if chunks.is_stopped:
            break
        try:
            _remove_files(chunks.database, data_dir, job_id, is_home=is_home)
        except OSError as error:  # the other jobs do not wait for this one
            left[job_id] = str(error)
            continue
        n_rows += chunks.repeat(
            partial(deletion.remove_some, job_id),
            follows_references=False,  # it removes children first
        )
    return Swept(n_rows, left)


def _remove_files(database: Database, data_dir: Path, job_id: int, *, is_home: bool) -> None:
    """Remove the files that no other job uses, before the entries that name them.

    A step that read the job's entries before the deletion held the files until its own entries
    were committed, so that this query sees them.

    Raises:
        OSError: The disk refuses, its file system has no locks, the files are in use, or, unless
            `is_home`, one is missing.
    """
    with database.read() as session:
        paths = deletion.paths_of(session, job_id)
    if not paths:
        return
    if not is_home:
        artifact_files.require(data_dir, paths)
    with artifact_files.removing(data_dir), deadlines.within(FILES_S):
        with database.read() as session:
            unused = deletion.unused_paths(session, job_id)
        artifact_files.remove(data_dir, unused)
        with database.write() as session:
            deletion.forget_paths(session, job_id, unused)
