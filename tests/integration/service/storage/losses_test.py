"""Jobs whose results an earlier version's upgrade deleted, and the copy that still has them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.cli import database_checks
from service.jobs import commands
from service.settings import Settings
from service.storage import losses
from service.storage.database import Database
from tests.support.stored_specs import SPEC


def submit(database: Database, n: int) -> None:
    for _ in range(n):
        commands.submit(database, SPEC)


def rob(database: Database, *job_ids: int) -> None:
    """Delete what the faulty upgrade deleted, of these jobs alone."""
    studies = sa.table("studies", sa.column("job_id"))
    with database.engine.begin() as connection:
        connection.execute(sa.delete(studies).where(studies.c.job_id.in_(job_ids)))


def copy_of(database: Database, name: str, age: int) -> Path:
    """Copy the SQLite file as it is; `age` orders the copies, the larger the older."""
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    path = Path(str(database.url.database))
    copy = path.with_name(name)
    shutil.copy(path, copy)
    os.utime(copy, (1e9 - age, 1e9 - age))
    return copy


def test_new_jobs_have_lost_nothing(database: Database) -> None:
    assert losses.find(database) is None
    submit(database, 2)
    assert losses.find(database) is None


def test_jobs_without_studies_or_trials_have_lost_them(database: Database) -> None:
    submit(database, 4)
    rob(database, 2)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE jobs SET state = 'SUCCEEDED' WHERE id = 3")
        connection.exec_driver_sql("UPDATE jobs SET state = 'CANCELLED' WHERE id = 4")
    assert losses.find(database) == losses.Loss((2, 3))


def test_the_newest_copy_with_the_most_is_named(sqlite_database: Database) -> None:
    submit(sqlite_database, 3)
    copy_of(sqlite_database, "densearch-0004-20260101T000000Z.sqlite3", 30)
    best = copy_of(sqlite_database, "densearch-mine.sqlite3", 20)
    rob(sqlite_database, 1)
    copy_of(sqlite_database, "densearch-0004-20260301T000000Z.sqlite3", 10)
    rob(sqlite_database, 2, 3)
    copy_of(sqlite_database, "densearch-0004-20260401T000000Z.sqlite3", 5)
    folder = best.parent
    (folder / "densearch-0004-20260501T000000Z.sqlite3").write_text("no database")
    (folder / "densearch-moved.sqlite3").symlink_to(folder / "unmounted" / "copy.sqlite3")
    shutil.copy(folder / "densearch.sqlite3", folder / "other.sqlite3")
    found = losses.find(sqlite_database)
    assert found is not None
    assert (found.job_ids, found.copy, found.n_restorable) == ((1, 2, 3), best, 3)
    assert found.way_back is not None
    assert found.way_back.endswith(f"cp {best} {folder / 'densearch.sqlite3'}")


def test_a_copy_of_another_database_brings_nothing_back(
    sqlite_database: Database, sqlite_template: Path, tmp_path: Path
) -> None:
    path = tmp_path / "elsewhere" / "densearch.sqlite3"
    path.parent.mkdir()
    shutil.copy(sqlite_template, path)
    other = Database(f"sqlite:///{path}")
    submit(other, 1)
    shutil.copy(copy_of(other, "densearch-0004-20260101T000000Z.sqlite3", 1), tmp_path)
    other.close()
    submit(sqlite_database, 1)
    rob(sqlite_database, 1)
    assert losses.find(sqlite_database) == losses.Loss((1,))


@pytest.mark.parametrize("has_copy", [True, False])
def test_the_doctor_says_what_is_lost_and_how_it_comes_back(
    sqlite_database: Database, tmp_path: Path, has_copy: bool
) -> None:
    submit(sqlite_database, 2)
    settings = Settings(data_dir=tmp_path)
    assert [f.subject for f in database_checks.check_database(settings) if f.level == "fail"] == []
    name = "densearch-0004-20260101T000000Z.sqlite3"
    copy = copy_of(sqlite_database, name if has_copy else "mine.sqlite3", 1)
    rob(sqlite_database, 1, 2)
    (finding,) = (f for f in database_checks.check_database(settings) if f.subject == "results")
    assert finding.level == "fail"
    assert "2 jobs have lost their studies or trials (1, 2)" in finding.detail
    if has_copy:
        assert f"{copy} still has those of 2: end the server, then rm -f" in finding.remedy
    else:
        assert "no copy in the database's directory has them" in finding.remedy
