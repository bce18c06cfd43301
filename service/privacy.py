"""Files of the product are private to its user: jobs, data sets, results, logs."""

from __future__ import annotations

import os
import stat
from pathlib import Path

# Read, written or entered by others than the owner.
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def keep_files_private() -> None:
    """Make new directories 0700 and new files 0600 in this process and its children.

    Existing ones keep their mode: a directory that was opened to a group on purpose stays open.
    """
    os.umask(OTHERS)


def open_to_others(*places: Path) -> list[Path]:
    """Return the files and directories among these that others than their owner may use."""
    return [place for place in places if place.exists() and place.stat().st_mode & OTHERS]
