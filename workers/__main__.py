"""`python -m workers`: the dispatcher process."""

from __future__ import annotations

import argparse
import os
import sys

import structlog
from sqlalchemy.exc import SQLAlchemyError

from service import leases, logs
from service.errors import DensearchError
from service.settings import load
from service.storage import locks, schema
from service.storage.database import Database


def main() -> int:
    """Run a dispatcher until it is told to stop; the exit status is 1 when it cannot start."""
    parser = argparse.ArgumentParser(prog="python -m workers", description=__doc__)
    parser.add_argument("--parent", type=int, help="end when this process is no longer the parent")
    parent = parser.parse_args().parent
    try:
        settings = load()
        logs.configure(settings)
        # Held until this process is gone: an exit that hangs holds it too.
        locks.hold_dispatcher(settings, has_server=parent is not None)
        database = Database(settings.resolved_database_url)
        schema.check(database)
    except DensearchError as error:
        sys.stderr.write(f"densearch dispatch: {error}\n")
        return 1
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        sys.stderr.write(f"densearch dispatch: the database refused ({reason})\n")
        return 1
    # Ray and torch take seconds to import: only after the settings are known to be sound.
    from workers.cluster import Cluster
    from workers.dispatcher import Dispatcher

    leases.release_dead(database)
    cluster = Cluster(settings)
    cluster.warm_up()
    structlog.get_logger(__name__).info("ray is up", **cluster.resources())
    Dispatcher(settings, database, cluster).run(
        lambda: parent is not None and os.getppid() != parent
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
