"""Where a Ray of our own runs, as those who join it must know: address, folder, processes.

The process that keeps it (`workers.ray_head`) writes this into a file that it has open in common
with the dispatchers; their supervisor has emptied the file before.
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
    """A running Ray.

    Attributes:
        address: Of its GCS, host:port.
        folder: Where it keeps its sockets and logs.
        pids: Its vital processes by what Ray calls them.
    """

    address: str
    folder: str
    pids: Mapping[str, int]


def publish(descriptor: int, head: Head) -> None:
    """Write where a Ray runs, in one write.

    Raises:
        OSError: The disk refuses.
    """
    os.pwrite(descriptor, json.dumps(asdict(head)).encode() + b"\n", 0)


def await_head(keeper: int, descriptor: int, timeout_s: float) -> Head | None:
    """Wait for what `publish` writes; None when its process ends before, or the time is up.

    Args:
        keeper: Process id of who will write.
        descriptor: The file that the two have open.
        timeout_s: How long to wait.
    """
    watched = Processes({"keeper": keeper})
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline and not watched.dead():
        written = os.pread(descriptor, MAX_BYTES, 0)
        if written.endswith(b"\n"):
            return Head(**json.loads(written))
        time.sleep(LOOK_S)
    return None


class Processes:
    """Some processes that may be no children of this one, by names of the caller's.

    Each is held by a descriptor, so that another one with its number is never taken for it. One
    that cannot be held is dead.
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
        """Return which ones have ended, in no time."""
        return [*self._dead, *(self._names[descriptor] for descriptor, _ in self._poll.poll(0))]


class HeadGuard(BackgroundThread):
    """Reports the end of one of a Ray's processes while this process joins it.

    Joining a Ray whose GCS has ended blocks for minutes, in calls that nothing interrupts.

    Args:
        pids: The Ray's processes, as in `Head`.
        on_end: Called once, in the guard's thread, with the names of those that have ended.
    """

    def __init__(self, pids: Mapping[str, int], on_end: Callable[[Sequence[str]], None]) -> None:
        super().__init__("guard")
        self._processes, self._on_end = Processes(pids), on_end

    def _run(self) -> None:
        while not (dead := self._processes.dead()):
            if not self._pause(LOOK_S):
                return
        self._on_end(dead)
