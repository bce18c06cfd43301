"""Which process has a SQLite file open, by the locks that SQLite itself keeps on it.

Every connection in WAL mode holds a shared lock from its first statement to its end, and the
kernel reports its holder. Unlike our own locks, this detects older versions and other programs.
"""

from __future__ import annotations

import fcntl
import os
import struct
import sys
from pathlib import Path

# Source: https://www.sqlite.org/fileformat2.html, "The Lock-Byte Page"; src/os.h, SHARED_FIRST.
_SHARED_FIRST, _SHARED_BYTES = 0x4000_0002, 510
# struct flock of 64-bit Linux: l_type, l_whence, l_start, l_len, l_pid.
_FLOCK = "hhqqi4x"


def user_of(path: Path) -> int | None:
    """Return the id of another process that has a SQLite file open, None when there is none.

    This process must have no connection to the file: closing any descriptor of a file ends the
    POSIX locks that a process has on it, which SQLite relies on.
    """
    if sys.platform != "linux":
        return None
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        wanted = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, _SHARED_FIRST, _SHARED_BYTES, 0)
        kind, *_, pid = struct.unpack(_FLOCK, fcntl.fcntl(descriptor, fcntl.F_GETLK, wanted))
    finally:
        os.close(descriptor)
    return None if kind == fcntl.F_UNLCK else int(pid)
