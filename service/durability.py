"""Syncing files to the disk, so that acknowledged data survives a power cut."""

from __future__ import annotations

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Wait until the disk has a file's content, or the names in a folder.

    Raises:
        OSError: The disk is full, or fails.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_files(folder: Path) -> None:
    """Wait until the disk has the files in a folder, and their names.

    Raises:
        OSError: The disk is full, or fails.
    """
    for path in folder.iterdir():
        sync(path)
    sync(folder)


def sync_names(folder: Path) -> None:
    """Wait until the disk has the names in a folder, such as after a rename, and its own."""
    sync(folder)
    sync(folder.parent)
