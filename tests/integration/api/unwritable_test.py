"""A database that takes no writes: reads go on, writes are 503 with the reason, not ready."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import event, text
from starlette.testclient import TestClient

from api.app import create_app
from api.cli.database_checks import check_database
from service.exit_codes import CRASHED
from service.jobs import leases
from service.settings import Settings
from service.storage.database import Database
from tests.support.pages import ADDRESS
from tests.support.specs import SPHERE, submit

NOBODY = 65_534


@contextmanager
def asked(settings: Settings, database: Database) -> Iterator[TestClient]:
    with TestClient(create_app(settings, database), base_url=ADDRESS) as client:
        yield client


def check_read_only(client: TestClient) -> None:
    assert client.get("/v1/jobs/1").status_code == 200
    assert client.get("/jobs/1").status_code == 200
    assert "densearch_database_up 1.0" in client.get("/metrics").text
    refused = client.post("/v1/jobs", json=SPHERE)
    assert refused.status_code == 503
    assert refused.json()["type"] == "/problems/database-read-only"
    assert "takes no writes" in refused.json()["detail"]
    assert "retry-after" in refused.headers
    ready = client.get("/readyz")
    assert ready.status_code == 503
    (check,) = ready.json()["checks"]
    assert check["name"] == "database"
    assert "takes no writes" in check["detail"]


def check_commands(settings: Settings, database: Database) -> None:
    """The doctor says why, and a dispatcher ends before it starts a Ray."""
    url = database.url.render_as_string(hide_password=False)
    found = list(check_database(settings.model_copy(update={"database_url": SecretStr(url)})))
    assert ("fail", "it takes no writes") in [(each.level, each.detail) for each in found]
    done = subprocess.run(
        [sys.executable, "-m", "workers"],
        env={
            **os.environ,
            "DENSEARCH_DATABASE_URL": url,
            "DENSEARCH_DATA_DIR": str(settings.data_dir),
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == CRASHED
    assert "it takes no writes" in done.stderr


def test_postgresql_that_takes_no_writes(
    settings: Settings, postgresql_database: Database
) -> None:
    with asked(settings, postgresql_database) as client:
        submit(client)
    name = postgresql_database.url.database
    setting = f'ALTER DATABASE "{name}" SET default_transaction_read_only'
    writer = postgresql_database.engine.execution_options(isolation_level="AUTOCOMMIT")
    with writer.connect() as connection:
        connection.execute(text(f"{setting} = on"))  # for connections to come, as in a failover
    standby = Database(postgresql_database.url.render_as_string(hide_password=False))
    with asked(settings, standby) as client:
        check_read_only(client)
        check_commands(settings, standby)
        with writer.connect() as connection:
            connection.execute(text(f"{setting} = off"))
        leases.register(postgresql_database, 1, {})
        assert client.post("/v1/jobs", json=SPHERE).status_code == 202
        assert client.get("/readyz").status_code == 200
    standby.close()


@pytest.fixture
def folder(sqlite_template: Path) -> Iterator[Path]:
    """A data directory that every user may enter, with a SQLite file that is in use."""
    made = Path(tempfile.mkdtemp())
    made.chmod(0o755)
    shutil.copy(sqlite_template, made / "densearch.sqlite3")
    yield made
    shutil.rmtree(made)


@contextmanager
def unwritable(folder: Path) -> Iterator[None]:
    """Make a folder and its files read-only; for root that has no effect."""
    for file in folder.iterdir():
        file.chmod(0o444)
    folder.chmod(0o555)
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)
        folder.chmod(0o755)
        for file in folder.iterdir():
            file.chmod(0o644)


def test_a_sqlite_file_in_use_that_takes_no_writes(settings: Settings, folder: Path) -> None:
    url = f"sqlite:///{folder / 'densearch.sqlite3'}"
    writer, reader = Database(url), Database(url)
    with asked(settings, writer) as client:
        submit(client)
    with asked(settings, reader) as client:
        with unwritable(folder):
            check_read_only(client)
        leases.register(writer, 1, {})
        assert client.post("/v1/jobs", json=SPHERE).status_code == 202
        assert client.get("/readyz").status_code == 200
    reader.close()
    writer.close()


def test_a_sqlite_file_that_cannot_even_be_opened_says_why(
    settings: Settings, folder: Path
) -> None:
    database = Database(f"sqlite:///{folder / 'densearch.sqlite3'}")
    with asked(settings, database) as client, unwritable(folder):
        refused = client.get("/v1/jobs")
        assert refused.status_code == 503
        assert refused.json()["type"] == "/problems/database-read-only"
        assert client.get("/readyz").status_code == 503
        assert client.get("/healthz").status_code == 200
    database.close()


def test_a_sqlite_file_on_a_full_disk(settings: Settings, sqlite_database: Database) -> None:
    def fill(connection: object, _record: object) -> None:
        connection.execute("PRAGMA max_page_count=1")  # type: ignore[attr-defined]

    event.listen(sqlite_database.engine, "connect", fill)
    with asked(settings, sqlite_database) as client:
        answers = [client.post("/v1/jobs", json=SPHERE) for _ in range(40)]
        refused = answers[-1]
        assert refused.status_code == 503
        assert refused.json()["type"] == "/problems/database-full"
        assert client.get("/v1/jobs").status_code == 200


def test_a_disk_without_room_is_not_ready(
    settings: Settings, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", no_room)
    with asked(settings, sqlite_database) as client:
        ready = client.get("/readyz")
    assert ready.status_code == 503
    assert "its disk is full" in ready.json()["checks"][0]["detail"]
