"""Stored trials: exact values, lookups of any size, pages by index."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from service.states import Phase
from service.storage import statements, trials
from service.storage.database import Database
from tests.support.stored_rows import new_job, trial_rows

# PostgreSQL takes 65,535.
SQLITE_PARAMETERS = 32_766
MANY = 2 * statements.CHUNK + 1


def test_more_keys_than_a_statement_takes_are_looked_up(database: Database) -> None:
    job = new_job(database)
    n_parameters: list[int] = []

    @sa.event.listens_for(database.engine, "before_cursor_execute")
    def count(*call: Any) -> None:
        n_parameters.append(len(call[3]))

    with database.write() as session:
        (first, *_) = trials.insert_all(session, trial_rows(database, job, 1))
        digests = [f"{number:064x}" for number in range(MANY)]
        ids = range(1_000_000, 1_000_000 + MANY)
        assert trials.results(session, digests)[first.digest].id == first.id
        assert trials.elsewhere(session, job.id + 1, digests).keys() == {first.digest}
        assert trials.without_result(session, ids) == set()
        trials.forget_measurements(session, ids)
        trials.supersede(session, [*ids, first.id])
    with database.read() as session:
        assert trials.get(session, first.id).phase is Phase.SUPERSEDED
    assert statements.CHUNK <= max(n_parameters) < statements.CHUNK + 20 < SQLITE_PARAMETERS


def test_numbers_come_back_bit_for_bit(database: Database) -> None:
    job = new_job(database)
    (row,) = trial_rows(database, job, 1)
    points = [0.1 + 0.2, 5e-324, 1.0 - 2**-53, 1 / 3]
    with database.write() as session:
        (stored,) = trials.insert_all(session, [row | {"point": points, "value": 0.1 + 0.2}])
    with database.read() as session:
        found = trials.get(session, stored.id)
    assert found.point == points
    assert found.value == 0.1 + 0.2
    assert found.queued_at.tzinfo is UTC


def test_what_json_cannot_hold_is_refused(database: Database) -> None:
    job = new_job(database)
    (row,) = trial_rows(database, job, 1)
    refused = pytest.raises((sa.exc.StatementError, ValueError), match="JSON compliant")
    with refused, database.write() as session:
        trials.insert_all(session, [row | {"point": [math.nan]}])


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    job = new_job(database)
    naive = datetime(2026, 1, 1)  # noqa: DTZ001 - the point of the test
    (row,) = trial_rows(database, job, 1)
    with pytest.raises(sa.exc.StatementError, match="without a zone"), database.write() as session:
        trials.insert_all(session, [row | {"queued_at": naive}])


def test_two_trials_cannot_have_one_place(database: Database) -> None:
    job = new_job(database)
    rows = trial_rows(database, job, 1) * 2
    with pytest.raises(sa.exc.IntegrityError), database.write() as session:
        trials.insert_all(session, rows)


def test_a_page_of_trials_is_found_by_its_index(database: Database) -> None:
    """100,000 rows page in constant time: the last page reads no more rows than the first."""
    job = new_job(database)
    rows = trial_rows(database, job, 3000)
    with database.write() as session:
        issued = trials.insert_all(session, rows)
    with database.read() as session:
        first = trials.page(session, job.id, limit=100)
        last = trials.page(session, job.id, limit=100, after=issued[-101].id)
        assert [t.id for t in first] == [t.id for t in issued[:100]]
        assert [t.id for t in last] == [t.id for t in issued[-100:]]
    statement = sa.text(
        "SELECT * FROM trials WHERE job_id = :job AND phase = 'search' AND id > :after"
        " ORDER BY id LIMIT 100"
    )
    explain = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
    with database.engine.connect() as connection:
        if not database.is_sqlite:
            connection.execute(sa.text("ANALYZE trials"))
        lines = connection.execute(
            sa.text(explain + str(statement)), {"job": job.id, "after": issued[-101].id}
        )
        plan = " ".join(str(line) for line in lines)
    assert "ix_trials_job_id_phase_id" in plan or "pk_trials" in plan
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan
