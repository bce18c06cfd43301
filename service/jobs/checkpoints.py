"""Which checkpoints are still of use: that of a trial that has not ended, or may be promoted.

Every other file of the folder is removed. A trial that is not among the best of its study, as many
as are promoted, will never be: further trials only push it back. A file whose trial this database
does not know may belong to another database; it stays until it is old.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from service import checkpoint_files
from service.checkpoint_files import FOLDER, CheckpointFile
from service.storage import checkpoints
from service.storage.checkpoints import TrialStanding
from service.storage.database import Database

OLD_S = 7 * 24 * 3600.0
_ID_END = 2**63
_CHUNK = 500


def sweep(database: Database, data_dir: Path) -> int:
    """Remove the checkpoints that are of no use; return how many.

    Raises:
        OSError: The disk refuses.
    """
    folder = data_dir / FOLDER
    checkpoint_files.remove_abandoned(folder)
    whole = {
        own: checkpoint_files.about(own.path) or {}
        for own in checkpoint_files.listed(folder)
        if own.is_whole
    }
    if not whole:
        return 0
    trial_ids = iter({_trial_of(own) for own in whole.values()})
    standings: dict[int, TrialStanding] = {}
    with database.read() as session:
        while some := list(islice(trial_ids, _CHUNK)):
            standings |= checkpoints.standings(session, some)
    useless = [own for own, about in whole.items() if not _is_of_use(own, about, standings)]
    for own in useless:
        own.path.unlink(missing_ok=True)
    return len(useless)


def _trial_of(about: Mapping[str, Any]) -> int:
    trial_id = about.get("trial")
    return trial_id if type(trial_id) is int and 0 < trial_id < _ID_END else 0


def _is_of_use(
    own: CheckpointFile, about: Mapping[str, Any], standings: Mapping[int, TrialStanding]
) -> bool:
    found = standings.get(_trial_of(about))
    if found is None or found.digest != about.get("training"):
        return own.written_at > time.time() - OLD_S
    return not found.is_over and (found.is_open or found.may_be_promoted)
