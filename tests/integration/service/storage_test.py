"""The real migrations and queries, on SQLite and PostgreSQL."""

from __future__ import annotations

import contextlib
import math
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from service import clock
from service.errors import IdempotencyConflictError, NotFoundError, SchemaError
from service.jobs import commands
from service.records import Job
from service.states import Phase
from service.storage import events, schema, studies, trials
from service.storage import jobs as job_queries
from service.storage.database import Database
from service.storage.tables import Base
from tests.support.stored_specs import SPEC


def new_job(database: Database) -> Job:
    return commands.submit(database, SPEC)[0]


def test_more_keys_than_a_statement_takes_are_looked_up(database: Database) -> None:
    job = new_job(database)
    with database.write() as session:
        (first, *_) = trials.insert_all(session, trial_rows(database, job, 1))
        digests = [f"{number:064x}" for number in range(70_000)]
        ids = range(1_000_000, 1_070_000)
        assert trials.results(session, digests)[first.digest].id == first.id
        assert trials.elsewhere(session, job.id + 1, digests).keys() == {first.digest}
        assert trials.without_result(session, ids) == set()
        trials.forget_measurements(session, ids)
        trials.supersede(session, [*ids, first.id])
    with database.read() as session:
        assert trials.get(session, first.id).phase is Phase.SUPERSEDED


def trial_rows(database: Database, job: Job, n_trials: int) -> list[dict[str, object]]:
    with database.read() as session:
        (study,) = studies.of_job(session, job.id)
    return [
        {
            "job_id": job.id,
            "study_id": study.id,
            "phase": "search",
            "number": number,
            "state": "COMPLETED",
            "certainty": "certain",
            "point": [0.1, math.pi / 4],
            "params": {"x": [0.1, 0.2]},
            "payload": {},
            "seed": 2**32 - 1,
            "digest": f"{number:064x}",
            "is_diverged": False,
            "value": 1e-300,
            "n_attempts": 0,
            "queued_at": clock.now(),
        }
        for number in range(n_trials)
    ]


def test_the_tables_are_what_the_migrations_build(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []


def test_down_to_nothing_and_up_again(database: Database) -> None:
    job = new_job(database)
    schema.downgrade(database, "base")
    assert schema.current(database) is None
    with pytest.raises(SchemaError, match="densearch db upgrade"):
        schema.check(database)
    schema.upgrade(database)
    schema.check(database)
    with database.read() as session, pytest.raises(NotFoundError):
        job_queries.get(session, job.id)


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


def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    with contextlib.suppress(ZeroDivisionError), database.write() as session:
        job_queries.insert(session, "half", {})
        _ = 1 / 0
    with database.read() as session:
        assert job_queries.page(session, limit=10) == []


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


def test_one_key_makes_one_job_however_many_ask_at_once(database: Database) -> None:
    made: list[tuple[int, bool]] = []

    def ask() -> None:
        job, is_new = commands.submit(database, SPEC, "the-key")
        made.append((job.id, is_new))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({job_id for job_id, _ in made}) == 1
    assert sum(is_new for _, is_new in made) == 1
    other = SPEC.model_copy(update={"seed": 1})
    with pytest.raises(IdempotencyConflictError):
        commands.submit(database, other, "the-key")
    with database.read() as session:
        assert len(job_queries.page(session, limit=10)) == 1


def test_events_follow_each_other(database: Database) -> None:
    job = new_job(database)
    commands.pause(database, job.id)
    commands.resume(database, job.id)
    with database.read() as session:
        found = events.after(session, job.id, 0, 10)
        assert events.last_id(session, job.id) == found[-1].id
    assert [event.data["state"] for event in found] == ["QUEUED", "PAUSED", "RUNNING"]
    assert [event.id for event in found] == sorted(event.id for event in found)


def test_writers_on_sqlite_take_turns(sqlite_database: Database) -> None:
    """Reading before writing loses no update: BEGIN IMMEDIATE."""
    job = new_job(sqlite_database)

    def toggle() -> None:
        for _ in range(20):
            with sqlite_database.write() as session:
                found = job_queries.lock(session, job.id)
                events.add(session, job.id, "count", {"seen": found.lease_fence})
                session.execute(sa.text("UPDATE jobs SET lease_fence = lease_fence + 1"))

    threads = [threading.Thread(target=toggle) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with sqlite_database.read() as session:
        assert job_queries.get(session, job.id).lease_fence == 80
        seen = [e.data["seen"] for e in events.after(session, job.id, 0, 200) if e.kind == "count"]
    assert seen == list(range(80))


def test_a_full_disk_loses_nothing(sqlite_template: Path, tmp_path: Path) -> None:
    path = tmp_path / "small.sqlite3"
    path.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{path}")
    job = new_job(database)
    with database.engine.connect() as connection:
        n_pages = connection.execute(sa.text("PRAGMA page_count")).scalar_one()
    sa.event.listen(
        database.engine,
        "checkout",
        lambda dbapi, *_: dbapi.execute(f"PRAGMA max_page_count={n_pages}"),
    )
    with pytest.raises(sa.exc.OperationalError, match="full"), database.write() as session:
        trials.insert_all(session, trial_rows(database, job, 5000))
    with database.read() as session:
        assert trials.page(session, job.id, limit=10) == []
    database.close()


def test_sqlite_waits_for_the_disk_where_it_is_told_to(sqlite_database: Database) -> None:
    def level(*, is_durable: bool) -> int:
        with sqlite_database.write(is_durable=is_durable) as session:
            found: int = session.execute(sa.text("PRAGMA synchronous")).scalar_one()
            return found

    # On one connection. https://sqlite.org/pragma.html#pragma_synchronous: 1 NORMAL, 2 FULL.
    assert [level(is_durable=is_durable) for is_durable in (False, True, False)] == [1, 2, 1]
