"""Upgrades and downgrades keep every row of every table, from every revision, on each database."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from service.storage import revisions, schema
from service.storage.database import Database
from service.storage.tables import METADATA
from tests.support import filling

REVISIONS = revisions.known()
OLDER = REVISIONS[:-1]
# Since 0010.
TRAINERS = {"offers", "claims", "trainer_messages", "trainer_asks"}
LATER = TRAINERS | {"webhooks", "webhook_deliveries"}
BY_STEPS = {True: "step by step", False: "at once"}


def ways(longest: str, *others: str) -> list[Any]:
    """Return each revision, at once; step by step the longest way alone, which has all steps.

    On PostgreSQL the ways between the longest and the shortest are walked by hand: their steps are
    those of the longest, and SQLite has their rows.
    """
    found = [(longest, True), *((revision, False) for revision in (longest, *others))]
    return [
        pytest.param(
            database,
            *each,
            id=f"{database}-{each[0]}-{BY_STEPS[each[1]]}",
            marks=[pytest.mark.slow] * (database == "postgresql" and each[0] in others[:-1]),
        )
        for database in ("sqlite", "postgresql")
        for each in found
    ]


def shape(database: Database) -> dict[str, Any]:
    """Return what the tables are beyond their columns: references with their rules, indexes."""
    looked = sa.inspect(database.engine)
    return {
        name: [
            looked.get_pk_constraint(name),
            sorted(looked.get_foreign_keys(name), key=str),
            sorted(looked.get_unique_constraints(name), key=str),
            sorted(looked.get_indexes(name), key=str),
            {column["name"]: column["default"] for column in looked.get_columns(name)},
        ]
        for name in looked.get_table_names()
    }


@pytest.mark.parametrize(("database", "revision", "by_steps"), ways(*OLDER), indirect=["database"])
def test_an_upgrade_keeps_every_row(database: Database, revision: str, by_steps: bool) -> None:
    fresh = shape(database)
    before = filling.at(database, revision)
    steps = REVISIONS[REVISIONS.index(revision) + 1 :] if by_steps else ["head"]
    for step in steps:
        schema.upgrade(database, step)
    schema.check(database)
    kept, found = filling.common(before, filling.contents(database))
    assert found == kept
    assert kept.keys() == before.keys()
    assert shape(database) == fresh
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


@pytest.mark.parametrize(
    ("database", "revision", "by_steps"), ways(*OLDER[1:]), indirect=["database"]
)
def test_a_downgrade_keeps_every_row(database: Database, revision: str, by_steps: bool) -> None:
    before = filling.at(database, REVISIONS[-1])
    _downgrade(database, revision, by_steps=by_steps)
    kept, found = filling.common(before, filling.contents(database))
    assert found == kept
    schema.upgrade(database)
    schema.check(database)


@pytest.mark.parametrize("by_steps", BY_STEPS, ids=BY_STEPS.get)
def test_a_downgrade_to_0001_deletes_what_0001_cannot_hold(
    database: Database, by_steps: bool
) -> None:
    before = filling.at(database, REVISIONS[-1])
    _downgrade(database, "0001", by_steps=by_steps)
    gone = {t["id"] for t in before["trials"] if t["phase"] not in {"search", "evaluation"}}
    assert len(gone) == 2
    expected = {
        name: [row for row in rows if row.get("trial_id") not in gone]
        for name, rows in before.items()
    }
    expected["trials"] = [row for row in before["trials"] if row["id"] not in gone]
    expected["densities"] = [row for row in expected["densities"] if row["layer"] == ""]
    for row in expected["studies"]:
        if row["best_trial_id"] in gone:
            row |= {"best_trial_id": None, "best_value": None}
    kept, found = filling.common(expected, filling.contents(database))
    assert found == kept
    gone_tables = {name for name in before if "sequence of" not in name} - found.keys()
    evidence = {"item_losses", "split_looks", "campaigns", "campaign_cells", "job_tags"}
    assert gone_tables == {"datasets", "calibrations", "imports"} | evidence | LATER


def _downgrade(database: Database, revision: str, *, by_steps: bool) -> None:
    start = REVISIONS.index(revision)
    steps = list(REVISIONS[start:-1])[::-1] if by_steps else [revision]
    for step in steps:
        schema.downgrade(database, step)


def test_a_downgrade_below_0005_deletes_what_users_had_deleted(database: Database) -> None:
    """The rows of such a job may be being removed: the older version would fail on its state."""
    before = filling.at(database, REVISIONS[-1])
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE jobs SET state = 'DELETED' WHERE id IN (2, 5)")
    schema.downgrade(database, "0004")
    # In the filler's rows each number belongs to the job, the study and the trial of that number.
    expected = {name: [row for row in rows if not {2, 5} & _jobs_in(name, row)]
                for name, rows in before.items()}  # fmt: skip
    assert all(len(expected[t]) == len(before[t]) - 2 for t in ("jobs", "measurements", "events"))
    kept, found = filling.common(expected, filling.contents(database))
    assert found == kept
    shape_there = shape(database)
    schema.upgrade(database)
    later = {"imports", "item_losses", "split_looks", "campaigns", "campaign_cells", "job_tags"}
    assert shape(database).keys() == shape_there.keys() | later | LATER
    assert shape(database) != shape_there
    schema.downgrade(database, "0004", with_backup=False)
    assert shape(database) == shape_there


def _jobs_in(table: str, row: dict[str, Any]) -> set[int]:
    columns = ["id"] if table == "jobs" else ["job_id", "trial_id"]
    return {row[column] for column in columns if row.get(column) is not None}
