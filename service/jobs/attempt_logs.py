"""What workers printed during attempts: `attempt-logs/<job>/<attempt>.log` in the data directory.

A worker writes a file once something is printed; most attempts have none. They help only where
the workers of all machines share the directory. A job's files go with the job, and with its
measurements when retention removes those; each of them may be removed at any time.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from service.storage.database import Database

FOLDER = "attempt-logs"
# Of a file; what is older is left out.
MOST_BYTES = 64 * 1024
# Of a job; the oldest are removed.
MOST_FILES = 2_000
# The first line of a log that began before.
CUT = "[what was printed before is left out]\n"
_LINE_END = re.compile(r"\r\n?|\n")


def make_folder(data_dir: Path) -> None:
    """Make the folder of the logs; workers keep none where there is no such folder.

    Raises:
        OSError: The disk refuses.
    """
    (data_dir / FOLDER).mkdir(mode=0o700, parents=True, exist_ok=True)


def path_of(data_dir: Path, job_id: int, attempt_id: int) -> Path:
    """Return where the log of an attempt is kept."""
    return data_dir / FOLDER / str(job_id) / f"{attempt_id}.log"


def read(data_dir: Path, job_id: int, attempt_id: int) -> str | None:
    """Return the end of an attempt's log; None where nothing was printed, or it was removed."""
    try:
        with path_of(data_dir, job_id, attempt_id).open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - MOST_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return None
    if size <= MOST_BYTES:
        return text
    # A progress bar is one long line, with returns.
    begun = _LINE_END.search(text)
    return CUT + (text[begun.end() :] if begun and begun.end() < len(text) else text)


def stamp(data_dir: Path, job_id: int, attempt_id: int) -> tuple[int, int] | None:
    """Return size and time of an attempt's log: another for another text."""
    try:
        found = path_of(data_dir, job_id, attempt_id).stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def sweep(database: Database, data_dir: Path, before: datetime | None) -> int:
    """Remove the logs of deleted jobs, of those that ended before a time, and beyond the limit.

    Returns:
        How many jobs lost files.

    Raises:
        OSError: The disk refuses.
    """
    from service.storage import retention  # workers import this module, and need no SQL

    folders = dict(_folders(data_dir / FOLDER))
    with database.read() as session:
        gone = folders.keys() - retention.kept_jobs(session, folders, before)
    for job_id in gone:
        shutil.rmtree(folders[job_id])
    cut = [job_id for job_id in folders.keys() - gone if _cut(folders[job_id])]
    return len(gone) + len(cut)


def _folders(root: Path) -> Iterator[tuple[int, Path]]:
    if root.is_dir():
        yield from ((int(path.name), path) for path in root.iterdir() if path.name.isdecimal())


def _cut(folder: Path) -> bool:
    """Remove the oldest files beyond the limit; whether there were any."""
    ours = (path for path in folder.glob("*.log") if path.stem.isdecimal())
    paths = sorted(ours, key=lambda path: int(path.stem))
    for path in paths[:-MOST_FILES]:
        path.unlink(missing_ok=True)
    return len(paths) > MOST_FILES
