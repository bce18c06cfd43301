"""Why the last dispatcher could not start: a file in the data directory, for the server's answers.

A dispatcher that starts is registered in the database. One that does not start, for lack of a
process or of a folder that it can write, leaves its reason here until one has started.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from densearch.names import shown

FILE = "dispatcher-failure.txt"
MOST_CHARACTERS = 1000
# What can be done where Ray does not start.
WITHOUT_RAY = (
    "jobs of trainers outside need no Ray: DENSEARCH_RAY_ADDRESS=none serves them meanwhile"
)


def keep(data_dir: Path, reason: str, *, since: float | None = None) -> None:
    """Keep a reason; where it cannot be written either, there is none.

    Args:
        data_dir: The data directory.
        reason: Its first line is kept.
        since: Seconds of the system's clock: a reason that was written since then is better.
    """
    lines = reason.strip().splitlines() or ["no reason was given"]
    path = data_dir / FILE
    with suppress(OSError):
        if since is not None and path.exists() and path.stat().st_mtime >= since:
            return
        unfinished = path.with_suffix(f".{os.getpid()}")
        unfinished.write_text(shown(lines[0])[:MOST_CHARACTERS], "utf-8")
        unfinished.replace(path)


def clear(data_dir: Path) -> None:
    """Forget the reason: a dispatcher has started."""
    with suppress(OSError):
        (data_dir / FILE).unlink(missing_ok=True)


def last(data_dir: Path) -> str | None:
    """Return why the last start failed; None if it did not, or nobody knows."""
    try:
        return (data_dir / FILE).read_text("utf-8")[:MOST_CHARACTERS] or None
    except (OSError, ValueError):
        return None
