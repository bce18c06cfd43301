"""`python -m workers.ray_head`: keeps a Ray of our own while one dispatcher follows another.

A dispatcher that dies costs its successor neither Ray's start nor the processes that Ray has
ready. What this process does is start Ray, say where, and wait; it looks at nothing: a Ray that is
dead or hangs is noticed by the dispatcher, and then ended with this process by their supervisor.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading

import structlog

from service import logs
from service.privacy import keep_files_private
from service.settings import load
from workers.head import publish
from workers.local_ray import LocalRay

LOG = structlog.get_logger(__name__)
LOOK_S = 0.5


def main() -> int:
    """Keep Ray until SIGTERM or SIGINT, or until the parent is gone; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m workers.ray_head", description=__doc__)
    parser.add_argument("--parent", type=int, required=True, help="end when this has ended")
    parser.add_argument("--file", type=int, required=True, help="descriptor to say where Ray is")
    given = parser.parse_args()
    keep_files_private()
    settings = load()
    logs.configure(settings)
    try:
        local = LocalRay(settings)
        head = local.start()
    except Exception as error:  # noqa: BLE001 - of no kind where a node is not up in time
        reason = str(error).strip().partition("\n")[0]
        LOG.error("Ray does not start; it is tried again", reason=reason)  # noqa: TRY400 - the cause is one line
        return 1
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):  # Ray has set its own, which end the process
        signal.signal(number, lambda *_: stop.set())
    publish(given.file, head)
    while os.getppid() == given.parent and not stop.wait(LOOK_S):
        pass
    if not stop.is_set():  # nobody is left who would end what hangs
        local.kill()
        os._exit(0)
    local.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
