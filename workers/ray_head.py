"""`python -m workers.ray_head`: keeps the local Ray running while dispatchers come and go.

The successor of a dispatcher that dies need not start Ray and its worker processes again. This
process starts Ray, publishes its address, and waits. It does not monitor Ray: the dispatcher
notices a Ray that is dead or hangs, and their supervisor then ends this process and Ray.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from types import FrameType
from typing import NoReturn

import structlog

from service import logs, start_failures
from service.privacy import keep_files_private
from service.settings import load
from workers.head import publish
from workers.local_ray import LocalRay

LOG = structlog.get_logger(__name__)
LOOK_S = 0.5


def main() -> int:
    """Keep Ray running until SIGTERM, SIGINT or the parent's end; return the exit code.

    Ray is killed, not shut down: by then no dispatcher uses it, and a shutdown takes seconds, or
    for ever where Ray hangs.
    """
    parser = argparse.ArgumentParser(prog="python -m workers.ray_head", description=__doc__)
    parser.add_argument(
        "--parent", type=int, required=True, help="end when this process has ended"
    )
    parser.add_argument(
        "--file", type=int, required=True, help="descriptor to write the address to"
    )
    given = parser.parse_args()
    keep_files_private()
    signal.signal(signal.SIGTERM, _leave)
    settings = load()
    logs.configure(settings)
    try:
        local = LocalRay(settings)
        head = local.start()
    except SystemExit:
        os._exit(0)
    except Exception as error:  # noqa: BLE001 - Ray raises a bare Exception on a time-out
        reason = str(error).strip().partition("\n")[0]
        LOG.error("Ray does not start; trying again", reason=reason)  # noqa: TRY400 - the cause is one line
        why = f"Ray does not start ({start_failures.WITHOUT_RAY}): {reason}"
        start_failures.keep(settings.data_dir, why)
        return 1
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):  # replaces Ray's handlers, which exit at once
        signal.signal(number, lambda *_: stop.set())
    publish(given.file, head)
    while os.getppid() == given.parent and not stop.wait(LOOK_S):
        pass
    local.kill()
    os._exit(0)  # Ray's own clean-up would wait for what is dead now


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    """End the process; `ray.init` sets a handler for SIGTERM that does the same."""
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
