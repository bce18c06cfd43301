"""A disk that is full, a database that is locked or cannot be written."""

from __future__ import annotations

import errno
import sqlite3
import subprocess
import time
from random import Random

from tests.chaos.deployment import Deployment, PostgresDeployment
from tests.chaos.faults.base import Fault, on_own_disk, on_postgresql, on_sqlite
from tests.chaos.faults.kills import kill_all
from tests.chaos.services import PATIENCE_S

HELD_S = 4.0
BLOCK_BYTES = 64 * 1024


def fill(deployment: Deployment, rng: Random) -> str:  # noqa: ARG001 - as the others
    """Write until the data directory's disk is full; free it again after some seconds."""
    file = deployment.data_dir / "filler"
    n_bytes = 0
    try:
        with file.open("wb", buffering=0) as filler:
            while True:
                try:
                    n_bytes += filler.write(bytes(BLOCK_BYTES))
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    break
        time.sleep(HELD_S)
    finally:
        file.unlink()
    return f"{n_bytes / 1e6:.0f} MB"


def lock(deployment: Deployment, rng: Random) -> str:  # noqa: ARG001 - as the others
    """Hold SQLite's write lock, as a forgotten shell does."""
    holder = sqlite3.connect(deployment.data_dir / "densearch.sqlite3", timeout=30)
    try:
        holder.execute("PRAGMA wal_autocheckpoint=0")
        holder.execute("BEGIN IMMEDIATE")
        time.sleep(HELD_S)
    finally:
        holder.close()
    return f"for {HELD_S:g} s"


def start_on_read_only(deployment: Deployment, rng: Random) -> str:
    """Kill everything; let it start on a disk that cannot be written for some seconds."""
    said = kill_all(deployment, rng)
    try:
        _remount(deployment, "ro")
        time.sleep(HELD_S)
    finally:
        _remount(deployment, "rw")
    return said


def _remount(deployment: Deployment, mode: str) -> None:
    """Change the disk's mode; it is busy until killed processes have closed their files."""
    command = ["mount", "-o", f"remount,{mode}", str(deployment.data_dir)]
    deadline = time.monotonic() + PATIENCE_S
    while (done := subprocess.run(command, capture_output=True, check=False)).returncode != 0:
        if time.monotonic() > deadline:
            raise OSError(done.stderr.decode())
        time.sleep(0.02)


def make_read_only(deployment: Deployment, rng: Random) -> str:  # noqa: ARG001 - as the others
    """Let PostgreSQL refuse writes, on old connections and new ones, as a standby does."""
    assert isinstance(deployment, PostgresDeployment)
    server = deployment.postgres
    server.execute("ALTER SYSTEM SET default_transaction_read_only = on")
    server.execute("SELECT pg_reload_conf()")
    time.sleep(HELD_S)
    server.execute("ALTER SYSTEM RESET default_transaction_read_only")
    server.execute("SELECT pg_reload_conf()")
    return f"for {HELD_S:g} s"


DISKS = (
    Fault("disk-full", fill, on_own_disk),
    Fault("locked", lock, on_sqlite),
    Fault("read-only-start", start_on_read_only, on_own_disk),
    Fault("read-only", make_read_only, on_postgresql),
)
