"""Small in-memory disks, visible only to this process and its children, and removed with them."""

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
    """Enter a mount namespace, if permitted; return whether. Call it before starting threads."""
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() != 0 or libc.unshare(CLONE_NEWNS) != 0:
        return False
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    return True


def mount_small(folder: Path) -> None:
    """Mount a disk of 64 MB on an empty folder, if permitted."""
    if may_mount():
        options = ["-t", "tmpfs", "-o", f"size={SIZE_BYTES}"]
        subprocess.run(["mount", *options, "none", str(folder)], check=True)


def move_off(folder: Path) -> None:
    """Move a folder's files from the disk into the folder below it, to keep them after our end."""
    if os.path.ismount(folder):
        copy = folder.with_suffix(".copy")
        shutil.copytree(folder, copy)
        subprocess.run(["umount", str(folder)], check=True)
        folder.rmdir()
        copy.rename(folder)
