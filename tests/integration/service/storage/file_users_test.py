"""Which process has a SQLite file open."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from service.storage.database import Database
from service.storage.file_users import user_of

OPEN = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("SELECT count(*) FROM jobs").fetchall()
print("open", flush=True)
sys.stdin.read()
"""


def test_another_process_is_named_while_it_has_the_file_open(
    sqlite_database: Database, tmp_path: Path
) -> None:
    path = Path(str(sqlite_database.url.database))
    sqlite_database.close()
    assert user_of(path) is None
    with subprocess.Popen(
        [sys.executable, "-c", OPEN, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        assert user_of(path) == other.pid
        other.communicate()
    assert user_of(path) is None
    assert user_of(tmp_path / "none.sqlite3") is None
