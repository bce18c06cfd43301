"""A worker's black box: its memory and its node's, in a file that survives a SIGKILL.

A thread of the worker writes it. Code that computes without releasing Python's lock delays the
thread, so a record has a time, and an old one says little.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from workers.background import BackgroundThread
from workers.memory_use import MemoryUse, cgroup_of, memory_use
from workers.resident import peak_resident_bytes

TICK_S = 0.5
_MAX_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Record:
    """What a worker wrote last.

    Attributes:
        at: When (`time.monotonic`, which all processes of a machine share), s.
        peak_bytes: Its peak resident memory.
        node: Memory of its node.
        cgroup: Folder of its memory cgroup.
    """

    at: float
    peak_bytes: int
    node: MemoryUse | None
    cgroup: str | None


class BlackBox(BackgroundThread):
    """Writes records until its process ends.

    Args:
        path: The file; its folder is made.

    Raises:
        OSError: The disk refuses.
    """

    def __init__(self, path: Path) -> None:
        super().__init__("black-box")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)

    def start(self) -> None:
        """Write the first record, and the next ones in a thread."""
        self.write()
        self._thread.start()

    def write(self) -> None:
        """Write a record; the one before stays if the disk refuses or no memory is left."""
        with suppress(OSError, MemoryError):
            text = json.dumps(asdict(_record())).encode()
            os.pwrite(self._file, text.ljust(_MAX_BYTES), 0)

    def _run(self) -> None:
        while self._pause(TICK_S):
            self.write()


def _record() -> Record:
    cgroup = cgroup_of()
    return Record(
        at=time.monotonic(),
        peak_bytes=peak_resident_bytes(),
        node=memory_use(cgroup),
        cgroup=None if cgroup is None else str(cgroup),
    )


def read(path: Path) -> Record | None:
    """Return the last record of a worker, None if there is none."""
    try:
        found = json.loads(path.read_text())
        node = found.pop("node")
        return Record(**found, node=None if node is None else MemoryUse(**node))
    except (OSError, ValueError, TypeError, KeyError):
        return None
