"""Deleting jobs that have ended, with everything that no other job shares.

`delete` makes a job invisible in one small transaction; `sweep` removes its files and its rows
later, in chunks. A process that dies on the way leaves the rest to the next sweep.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from service import artifacts
from service.chunks import Chunks
from service.storage import deletion
from service.storage.database import Database


def delete(database: Database, job_id: int) -> None:
    """Delete a job; results that other jobs took from it stay theirs.

    Raises:
        NotFoundError: There is no such job.
        IllegalTransitionError: It has not ended.
    """
    # Files are removed after this commit: a power cut must not bring the job back.
    with database.write(is_durable=True) as session:
        deletion.mark(session, job_id)


def sweep(chunks: Chunks, data_dir: Path) -> int:
    """Remove the remaining rows and files of deleted jobs; several processes may do so at once.

    Returns:
        The number of rows removed.

    Raises:
        OSError: The disk refuses, or its file system has no locks.
    """
    with chunks.database.read() as session:
        job_ids = deletion.marked(session)
    n_removed = 0
    for job_id in job_ids:
        _remove_files(chunks.database, data_dir, job_id)
        n_removed += chunks.repeat(
            partial(deletion.remove_some, job_id),
            follows_references=False,  # it removes children first
        )
    return n_removed


def _remove_files(database: Database, data_dir: Path, job_id: int) -> None:
    """Remove the files that no other job uses, before the entries that name them.

    A step that read the job's entries before the deletion held the files until its own entries
    were committed, so that this query sees them.
    """
    with database.read() as session:
        if not deletion.paths_of(session, job_id):
            return
    with artifacts.removing(data_dir):
        with database.read() as session:
            unused = deletion.unused_paths(session, job_id)
        artifacts.remove(data_dir, unused)
