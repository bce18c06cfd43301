"""A process that is killed at any point of an upgrade loses nothing.

The killed process is a fork that counts its calls into C: each statement, commit, rename and fsync
is one. In the default run it is killed at some of them, with `-m slow` at all.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import sqlalchemy as sa

from service.storage import backups, schema
from service.storage.database import Database
from tests.support import filling

# Calls that change something outside the process, or begin or end it.
CALLS = frozenset({"execute", "executemany", "commit", "rollback", "fsync", "rename", "unlink"})
N_KILLS = 8


def killed_at(n: int, work: Callable[[], object]) -> int | None:
    """Do the work in a fork that dies before its n-th call.

    Returns:
        How many calls it made where it came to the end, None where it was killed.
    """
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        _work_and_die(n, work, writer)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        said = pipe.read()
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return None
    assert status == 0, said
    return int(said)


def _work_and_die(n: int, work: Callable[[], object], writer: int) -> None:
    seen, code = 0, 1

    def look(_frame: FrameType, event: str, called: Any) -> None:  # noqa: ANN401 - any function
        nonlocal seen
        if event == "c_call" and called.__name__ in CALLS:
            seen += 1
            if seen == n:
                os.kill(os.getpid(), signal.SIGKILL)

    try:
        sys.setprofile(look)
        work()
        sys.setprofile(None)
        os.write(writer, str(seen).encode())
        code = 0
    except BaseException as error:  # noqa: BLE001 - a fork of the tests must not go on as one
        os.write(writer, repr(error).encode())
    finally:
        os._exit(code)


def upgrade(url: str) -> None:
    database = Database(url)
    schema.upgrade(database)
    database.close()


def test_a_kill_at_any_call_loses_nothing(
    first_sqlite: tuple[Database, filling.Contents], tmp_path: Path
) -> None:
    _kill_at_all(*first_sqlite, tmp_path, N_KILLS)


@pytest.mark.slow
def test_a_kill_at_every_call_loses_nothing(
    first_sqlite: tuple[Database, filling.Contents], tmp_path: Path
) -> None:
    _kill_at_all(*first_sqlite, tmp_path, 10**6)


@pytest.mark.parametrize("n", [10, 20, 30])
def test_a_kill_on_postgresql_loses_nothing(postgresql_database: Database, n: int) -> None:
    before = filling.at(postgresql_database, "0001")
    url = postgresql_database.url.render_as_string(hide_password=False)
    n_left = n

    def die(*_args: object) -> None:
        nonlocal n_left
        n_left -= 1
        if n_left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def work() -> None:
        sa.event.listen(sa.Engine, "after_cursor_execute", die)
        upgrade(url)

    assert killed_at(0, work) is None
    assert schema.current(postgresql_database) == "0001"
    assert filling.contents(postgresql_database) == before
    schema.upgrade(postgresql_database)
    assert _kept(before, postgresql_database)


def _kill_at_all(
    database: Database, before: filling.Contents, tmp_path: Path, n_kills: int
) -> None:
    with database.engine.connect() as connection:
        file = backups.file_of(connection)
    assert file is not None
    whole = backup_of(database, file)
    n_calls = _killed_once(whole, tmp_path / "counted", 0, before)
    assert n_calls is not None
    step = max(1, n_calls // n_kills)
    ends = [_killed_once(whole, tmp_path / f"{n}", n, before) for n in range(1, n_calls, step)]
    assert set(ends) == {None}


def backup_of(database: Database, file: Path) -> bytes:
    """Return the file's bytes once the WAL is checkpointed."""
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    database.close()
    return file.read_bytes()


def _killed_once(whole: bytes, folder: Path, n: int, before: filling.Contents) -> int | None:
    folder.mkdir()
    url = f"sqlite:///{folder / 'densearch.sqlite3'}"
    (folder / "densearch.sqlite3").write_bytes(whole)
    end = killed_at(n, lambda: upgrade(url))
    database = Database(url)
    at = schema.current(database)
    assert at in {"0001", schema.head()}
    assert _kept(before, database)
    for copy in folder.glob("densearch-*"):
        assert schema.current(Database(f"sqlite:///{copy}")) == "0001"
        assert filling.contents(Database(f"sqlite:///{copy}")) == before
    done = schema.upgrade(database)
    assert (done.before, done.after) == (at, schema.head())
    assert _kept(before, database)
    # The copy from before the upgrade is there, and none of the one that was killed.
    assert not list(folder.glob("densearch-*.draft"))
    (copy,) = folder.glob("densearch-*.sqlite3")
    assert copy.name.startswith("densearch-0001-")
    assert not list(folder.glob("*part*")) or at == schema.head()
    database.close()
    return end


def _kept(before: filling.Contents, database: Database) -> bool:
    kept, found = filling.common(before, filling.contents(database))
    return kept == found and kept.keys() == before.keys()
