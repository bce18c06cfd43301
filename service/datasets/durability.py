"""Waiting for the disk: what was promised to a user outlives a power cut."""

from __future__ import annotations

import os
from pathlib import Path


def sync_files(folder: Path) -> None:
    """Wait until the disk has the files in a folder, and their names.

    Raises:
        OSError: The disk is full, or fails.
    """
    for path in folder.iterdir():
        _sync(path)
    _sync(folder)


def sync_names(folder: Path) -> None:
    """Wait until the disk has the names in a folder, such as after a rename, and its own."""
    _sync(folder)
    _sync(folder.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
