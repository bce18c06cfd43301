"""The exit status of a process that is no child of this one, as Linux 6.15 and newer keep it.

Ray's workers are children of its raylet, which passes their exit status on to nobody.
"""

from __future__ import annotations

import fcntl
import os
import select
import struct
import time

# linux/pidfd.h: PIDFD_GET_INFO for its first version of struct pidfd_info, of 64 bytes: mask,
# cgroup, eleven ids, exit code.
_INFO = struct.Struct("=QQ11Ii")
_READ_WRITE, _PIDFS, _GET_INFO = 3, 0xFF, 11
_REQUEST = _READ_WRITE << 30 | _INFO.size << 16 | _PIDFS << 8 | _GET_INFO
_EXIT = 1 << 3
_LOOK_S = 0.005


class ExitStatus:
    """Holds on to a process of this machine from now on.

    Args:
        pid: Its id.
    """

    def __init__(self, pid: int) -> None:
        self._descriptor: int | None
        try:
            self._descriptor = os.pidfd_open(pid)
        except (OSError, AttributeError):  # it has ended, or the system has no such call
            self._descriptor = None

    def read(self, timeout_s: float = 1.0) -> int | None:
        """Return how it ended as `subprocess` does: its exit code, or minus its signal.

        None if it has not ended within the time, or the kernel does not say.
        """
        deadline = time.monotonic() + timeout_s
        if self._descriptor is None or not _has_ended(self._descriptor, timeout_s):
            return None
        while True:
            try:
                answer = fcntl.ioctl(self._descriptor, _REQUEST, _INFO.pack(_EXIT, *[0] * 13))
            except OSError:
                return None
            mask, *_, status = _INFO.unpack(answer)
            if mask & _EXIT:
                return os.waitstatus_to_exitcode(status)
            if time.monotonic() > deadline:  # its parent has not waited for it
                return None
            time.sleep(_LOOK_S)

    def close(self) -> None:
        """Let go of the process."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _has_ended(descriptor: int, timeout_s: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(timeout_s * 1000))
