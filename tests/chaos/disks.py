"""Small disks in memory, seen by this process and its children alone: they end with them."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

CLONE_NEWNS = 0x00020000
SIZE_BYTES = 64 * 1024**2


@cache
def may_mount() -> bool:
    """Take mounts of our own, and say whether we may have any; call it before starting threads."""
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() != 0 or libc.unshare(CLONE_NEWNS) != 0:
        return False
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    return True


def mount_small(folder: Path) -> None:
    """Put a disk of 64 MB on an empty folder, where we may."""
    if may_mount():
        options = ["-t", "tmpfs", "-o", f"size={SIZE_BYTES}"]
        subprocess.run(["mount", *options, "none", str(folder)], check=True)


def move_off(folder: Path) -> None:
    """Put a folder's files where the disk was mounted: they would end with us."""
    if os.path.ismount(folder):
        copy = folder.with_suffix(".copy")
        shutil.copytree(folder, copy)
        subprocess.run(["umount", str(folder)], check=True)
        folder.rmdir()
        copy.rename(folder)
