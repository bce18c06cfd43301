"""Losses of items in the database: one row for each digest, gone with its last trial."""

from __future__ import annotations

from typing import Any

import numpy as np

from service.item_losses import ItemLosses
from service.jobs import commands
from service.records import Job
from service.storage import deletion, item_losses, trials
from service.storage.database import Database
from tests.support.stored_rows import new_job, trial_rows

SHARED, OWN = f"{1:064x}", f"{2:064x}"


def items(*losses: float) -> ItemLosses:
    return ItemLosses.of(np.array(losses), np.arange(len(losses)))


def with_digests(database: Database, *digests: str) -> Job:
    job = new_job(database)
    rows: list[dict[str, Any]] = trial_rows(database, job, len(digests))
    for row, digest in zip(rows, digests, strict=True):
        row["digest"] = digest
    with database.write() as session:
        trials.insert_all(session, rows)
    return commands.cancel(database, job.id)


def test_the_first_losses_of_a_digest_stay(database: Database) -> None:
    with database.write() as session:
        item_losses.put(session, SHARED, items(0.5, 0.25))
        item_losses.put(session, SHARED, items(1.0))
        found = item_losses.get(session, SHARED)
        assert found is not None
        assert found.losses is not None
        assert found.losses.tolist() == [0.5, 0.25]
        assert found.groups is not None
        assert found.groups.tolist() == [0, 1]
        assert item_losses.get(session, OWN) is None
        assert item_losses.counts(session, [OWN, SHARED]) == {SHARED: 2}


def test_losses_go_with_the_last_trial_of_their_digest(database: Database) -> None:
    first = with_digests(database, SHARED, OWN)
    second = with_digests(database, SHARED)
    last = with_digests(database, f"{3:064x}")  # the table's last rows stay
    with database.write() as session:
        item_losses.put(session, SHARED, items(0.5))
        item_losses.put(session, OWN, items(0.25))
    _delete(database, first)
    with database.read() as session:
        assert item_losses.counts(session, [SHARED, OWN]) == {SHARED: 1}
    _delete(database, second)
    with database.read() as session:
        assert item_losses.counts(session, [SHARED, OWN]) == {}
    assert last.id > second.id


def _delete(database: Database, job: Job) -> None:
    with database.write() as session:
        deletion.mark(session, job.id)
    with database.write(follows_references=False) as session:
        while deletion.remove_some(job.id, session, 1):
            pass
