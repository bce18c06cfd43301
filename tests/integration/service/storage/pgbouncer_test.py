"""PostgreSQL behind a PgBouncer that pools transactions, which change their server process.

Debian's package is enough; `.ci/run` installs it, and there its absence fails.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from service.database_url import read
from service.jobs import commands, leases
from service.states import JobState
from service.storage import dispatchers, jobs, schema
from service.storage.database import Database
from tests.chaos.proxy import Proxy
from tests.support.ports import free_port
from tests.support.stored_specs import SPEC

START_S = 20.0
N_THREADS = 6
# psycopg would prepare a statement that it executes for the sixth time.
N_ROUNDS = 8
PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    pytest.fail("pgbouncer does not listen")


@pytest.fixture
def pooled(proxy: Proxy, postgresql_database: Database) -> Iterator[Database]:
    """The database through a PgBouncer with two connections, named as a host would name it."""
    if PROGRAM is None:
        if "CI" in os.environ:
            pytest.fail("pgbouncer is not installed: apt-get install pgbouncer")
        pytest.skip("pgbouncer is not installed (Debian's package pgbouncer)")
    port, name = free_port(), str(postgresql_database.url.database)
    target = proxy.url_of(postgresql_database.url.render_as_string(hide_password=False))
    with tempfile.TemporaryDirectory() as folder:  # not below tmp_path, which only root can enter
        Path(folder).chmod(0o755)
        config = Path(folder) / "pgbouncer.ini"
        config.write_text(
            f"[databases]\n* = host=127.0.0.1 port={make_url(target).port} user=postgres\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
            "auth_type = any\npool_mode = transaction\ndefault_pool_size = 2\n"
        )
        as_other = ["-u", "nobody"] if os.getuid() == 0 else []
        with subprocess.Popen([PROGRAM, "-q", *as_other, str(config)]) as process:
            try:
                wait_for(port, process)
                url = read(f"postgres://postgres@127.0.0.1:{port}/{name}?pgbouncer=true")
                with closing(Database(url)) as database:
                    yield database
            finally:
                process.terminate()


def test_no_statement_depends_on_the_server_process_before(pooled: Database) -> None:
    schema.downgrade(pooled, "base")
    schema.upgrade(pooled)

    def work(_: int) -> set[int]:
        me, pids = leases.register(pooled, 1, {}), set()
        for _ in range(N_ROUNDS):
            commands.submit(pooled, SPEC)
            leases.claim(pooled, me, 60.0)
            leases.heartbeat(pooled, me, 60.0)
            with pooled.read() as session:
                jobs.standings(session)
                pids.add(int(session.scalar(text("SELECT pg_backend_pid()")) or 0))
            with pooled.write(is_brief=True) as session:
                assert session.scalar(text("SELECT 1 WHERE 1 = :one"), {"one": 1}) == 1
                dispatchers.put(session, me)
        return pids

    with ThreadPoolExecutor(N_THREADS) as pool:
        pids = set().union(*pool.map(work, range(N_THREADS)))
    assert len(pids) == 2  # each thread met both
    with pooled.read() as session:
        found = jobs.standings(session)
    assert len(found) == N_THREADS * N_ROUNDS
    assert {one.state for one in found} <= {JobState.QUEUED, JobState.RUNNING}
