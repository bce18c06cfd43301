"""The data directory of this process: whether it can be used."""

from __future__ import annotations

import os
from pathlib import Path


def lack_of(folder: Path) -> str | None:
    """Say why files cannot be kept in the data directory, and what to do; None if they can."""
    at = f"the data directory {folder}"
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "is not there"
        return f"{at} {what}: mount its disk, make it, or name another in DENSEARCH_DATA_DIR"
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return f"{at} cannot be written: let the server's user write to it"
    return None
