"""Address, folder and processes of the local Ray, as a dispatcher needs them to join it.

The keeper process (`workers.ray_head`) writes them into a file that it and the dispatchers have
open; their supervisor truncates the file first.
"""

from __future__ import annotations

import json
import os
import select
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from workers.background import BackgroundThread

MAX_BYTES = 65_536
LOOK_S = 0.02


@dataclass(frozen=True, slots=True)
class Head:
    """A running local Ray.

    Attributes:
        address: Address of its GCS, host:port.
        folder: Folder of its sockets and logs.
        pids: Process ids of its raylet and GCS, by Ray's names for them.
    """

    address: str
    folder: str
    pids: Mapping[str, int]


def publish(descriptor: int, head: Head) -> None:
    """Write a local Ray's data in one write.

    Raises:
        OSError: The disk refuses.
    """
    os.pwrite(descriptor, json.dumps(asdict(head)).encode() + b"\n", 0)


def await_head(keeper: int, descriptor: int, timeout_s: float) -> Head | None:
    """Wait for what `publish` writes; return None if its process ends first or the time is up.

    Args:
        keeper: Process id of the writer.
        descriptor: The file that both processes have open.
        timeout_s: How long to wait, s.
    """
    watched = Processes({"keeper": keeper})
    deadline = time.monotonic() + timeout_s
    try:
        while time.monotonic() < deadline and not watched.dead():
            written = os.pread(descriptor, MAX_BYTES, 0)
            if written.endswith(b"\n"):
                return Head(**json.loads(written))
            time.sleep(LOOK_S)
        return None
    finally:
        watched.close()


class Processes:
    """Processes, by names that the caller gives; they need not be children of this one.

    Each is held by a pidfd, so that a later process with the same id is never mistaken for it. A
    process for which none can be opened is dead.
    """

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._names: dict[int, str] = {}
        self._dead: list[str] = []
        self._poll = select.poll()
        for name, pid in pids.items():
            try:
                descriptor = os.pidfd_open(pid)
            except ProcessLookupError:
                self._dead.append(name)
                continue
            self._names[descriptor] = name
            self._poll.register(descriptor, select.POLLIN)

    def dead(self) -> list[str]:
        """Return the names of those that have ended, without waiting."""
        return [*self._dead, *(self._names[descriptor] for descriptor, _ in self._poll.poll(0))]

    def close(self) -> None:
        """Let go of them; none is asked for afterwards."""
        for descriptor in self._names:
            self._poll.unregister(descriptor)
            os.close(descriptor)
        self._names.clear()


class HeadGuard(BackgroundThread):
    """Reports the end of one of the local Ray's processes while this process joins it.

    Joining a Ray whose GCS has ended blocks for minutes in calls that cannot be interrupted.

    Args:
        pids: Ray's processes, as in `Head`.
        on_end: Called once, in the guard's thread, with the names of those that have ended.
    """

    def __init__(self, pids: Mapping[str, int], on_end: Callable[[Sequence[str]], None]) -> None:
        super().__init__("guard")
        self._processes, self._on_end = Processes(pids), on_end

    def _run(self) -> None:
        try:
            while not (dead := self._processes.dead()):
                if not self._pause(LOOK_S):
                    return
            self._on_end(dead)
        finally:
            self._processes.close()
