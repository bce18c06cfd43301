"""What is known of imports, running or ended; any process of the API may ask.

A running import holds its workspace (`service.datasets.store.workspace`) until its row says how it
ended. So an import whose row says RUNNING and whose workspace nobody holds has lost its process:
it is LOST, at once and without heartbeats.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from service import clock
from service.datasets.store import workspace
from service.records import Import
from service.states import ImportState
from service.storage import imports
from service.storage.database import Database

KEEP_DAYS = 7


def look(database: Database, data_dir: Path, import_id: int) -> Import:
    """Return an import as it is now.

    Raises:
        NotFoundError: There is none, or it was deleted.
    """
    with database.read() as session:
        found = imports.get(session, import_id)
    if is_alive(data_dir, found) or found.state is not ImportState.RUNNING:
        return found
    with database.write() as session:
        imports.lose(session, import_id)
        return imports.get(session, import_id)


def is_alive(data_dir: Path, found: Import) -> bool:
    """Whether some process works on an import."""
    return found.state is ImportState.RUNNING and workspace.is_held(data_dir, found.workspace)


def tidy(database: Database, data_dir: Path) -> None:
    """Mark the imports that lost their process, and forget those that ended days ago."""
    with database.read() as session:
        dead = [one.id for one in imports.running(session) if not is_alive(data_dir, one)]
        has_old = imports.has_ended(session, _long_ago())
    if not (dead or has_old):
        return
    with database.write() as session:
        for import_id in dead:
            imports.lose(session, import_id)
        imports.remove_ended(session, _long_ago())


def _long_ago() -> datetime:
    return clock.now() - timedelta(days=KEEP_DAYS)


def joined(session: Session, data_dir: Path, key: str) -> Import | None:
    """Return the living import of the same bytes and options, if there is one."""
    return next((o for o in imports.running(session, key) if is_alive(data_dir, o)), None)


def delete(database: Database, import_id: int) -> Import:
    """Stop an import if it is running, so that nothing of it is kept, and forget it.

    A set that it has stored stays. Returned is the import as it was: RUNNING if it was stopped.

    Raises:
        NotFoundError: There is none.
    """
    with database.write() as session:
        return imports.remove(session, import_id)
