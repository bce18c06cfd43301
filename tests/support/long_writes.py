"""Another process in the middle of a long write."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from service.storage.database import Database

_CODE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
connection.execute("COMMIT")
connection.close()
print("free", flush=True)
"""


@contextmanager
def long_write(database: Database) -> Iterator[Callable[[], None]]:
    """Let another process hold SQLite's one write lock; given is what ends its transaction."""
    command = [sys.executable, "-c", _CODE, str(database.url.database)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        if other.stdin is None or other.stdout is None:
            raise TypeError("pipes are needed")
        stdin, stdout = other.stdin, other.stdout

        def end() -> None:
            stdin.write("\n")
            stdin.flush()
            stdout.readline()

        stdout.readline()
        try:
            yield end
        finally:
            other.kill()
