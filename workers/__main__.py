"""`python -m workers`: the dispatcher process."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Sequence
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

import structlog
from sqlalchemy.exc import SQLAlchemyError

from densearch.redaction import hide
from service import logs, start_failures
from service.errors import DensearchError, SettingsError
from service.exit_codes import (
    CLUSTER_LOST,
    CRASHED,
    DONE,
    REFUSED,
    UNUSABLE_SETTING,
    exit_now,
)
from service.jobs import leases
from service.privacy import keep_files_private
from service.settings import WITHOUT_RAY, Settings, load
from service.storage import locks, schema
from service.storage.database import Database
from service.storage.outages import CROWDED, patiently
from service.storage.refusals import explain

if TYPE_CHECKING:  # Ray is imported only after the settings have been checked
    from workers.workforce import Workforce

LOG = structlog.get_logger(__name__)
# Time limit for Ray to start, s.
START_S = 180
# Time limit for joining a running Ray, s: joining takes seconds, unless Ray hangs.
JOIN_S = 40
# Time limit for ending in order, s; the leases that it still holds then expire by themselves.
END_S = 4


def main() -> int:
    """Run a dispatcher until SIGTERM or SIGINT, and return the process's exit code."""
    parser = argparse.ArgumentParser(prog="python -m workers", description=__doc__)
    parser.add_argument("--parent", type=int, help="end when this process is no longer the parent")
    parser.add_argument("--has-server", action="store_true", help="the parent is `serve`")
    parser.add_argument(
        "--ray-head",
        type=int,
        nargs=2,
        metavar=("PID", "FILE"),
        help="the process that keeps the local Ray, and the descriptor of its address file",
    )
    given = parser.parse_args()
    keep_files_private()
    try:
        settings = load()
        logs.configure(settings)
        # Held until this process has ended, also during an exit that hangs.
        locks.hold_dispatcher(settings, has_server=given.has_server)
        database = Database(settings.resolved_database_url)
        patiently(lambda: _check(database), "the start of the dispatcher", passing=CROWDED)
    except DensearchError as error:
        sys.stderr.write(hide(f"densearch dispatch: {error}\n"))
        return UNUSABLE_SETTING if isinstance(error, SettingsError) else REFUSED
    except (SQLAlchemyError, OSError) as error:
        cause = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        reason = f"the database refused ({cause}); {explain(error)}"
        sys.stderr.write(hide(f"densearch dispatch: {reason}\n"))
        return CRASHED
    return _dispatch(settings, database, given.parent, given.ray_head)


def _check(database: Database) -> None:
    schema.check(database)
    database.check_writable()


def _dispatch(
    settings: Settings, database: Database, parent: int | None, keeper: tuple[int, int] | None
) -> NoReturn:
    # Ray and torch take seconds to import: only after the settings have been checked.
    from workers.dispatcher import Dispatcher
    from workers.housekeeper import Housekeeper
    from workers.pulse import ClusterLostError
    from workers.webhook_sender import WebhookSender

    try:
        patiently(lambda: leases.release_dead(database), "the leases of dead dispatchers")
        cluster = _cluster(settings, keeper)
        if settings.ray_address != WITHOUT_RAY:
            LOG.info("ray is up", **cluster.resources())
        start_failures.clear(settings.data_dir)
        stop = _stop_at_signals()  # before it is registered: from then on it resigns first
        with Housekeeper(settings), WebhookSender(settings):
            Dispatcher(settings, database, cluster, stop).run(
                lambda: parent is not None and os.getppid() != parent
            )
    except SystemExit:  # SIGTERM at its start, for which Ray has set a handler
        exit_now(DONE)
    except ClusterLostError as error:
        LOG.error("no Ray cluster to work with", reason=str(error))  # noqa: TRY400 - the cause is one line
        why = f"no Ray cluster to work with ({start_failures.WITHOUT_RAY}): {error}"
        start_failures.keep(settings.data_dir, why)
        exit_now(CLUSTER_LOST)
    except Exception as error:
        LOG.exception("the dispatcher failed")
        start_failures.keep(settings.data_dir, f"{type(error).__name__}: {error}")
        exit_now(CRASHED)
    exit_now(DONE)


def _stop_at_signals() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stop = threading.Event()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        LOG.info("stopping", signal=signal.Signals(number).name)
        signal.alarm(END_S)  # without a supervisor nothing else would end a turn that hangs
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    return stop


def _cluster(settings: Settings, keeper: tuple[int, int] | None) -> Workforce:
    """Join the Ray of a keeper process, or without one start or join Ray by the settings."""
    from workers.cluster import Cluster
    from workers.head import HeadGuard, await_head
    from workers.without_ray import WithoutRay

    if settings.ray_address == WITHOUT_RAY:
        return WithoutRay()
    signal.alarm(START_S)  # ends the process even where Ray hangs
    if keeper is None:
        cluster = Cluster(settings)
    else:
        head = await_head(*keeper, START_S)
        if head is None:
            exit_now(CLUSTER_LOST)  # the keeper has logged the cause
        signal.alarm(JOIN_S)
        with HeadGuard(head.pids, _lose):
            cluster = Cluster(settings, head)
    cluster.warm_up()
    signal.alarm(0)
    return cluster


def _lose(dead: Sequence[str]) -> NoReturn:
    LOG.error("Ray ended while the dispatcher joined it", processes=list(dead))
    exit_now(CLUSTER_LOST)


if __name__ == "__main__":
    sys.exit(main())
