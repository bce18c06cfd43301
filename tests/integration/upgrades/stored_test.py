"""Databases that earlier versions wrote are upgraded with all that is in them."""

from __future__ import annotations

import lzma
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from service.settings import Settings
from service.storage import losses, revisions, schema
from service.storage.database import Database
from tests.integration.upgrades import filling
from tests.support.root import ROOT

FOLDER = ROOT / "tests" / "assets" / "databases"
KINDS = ("sqlite3", "sql")
STORED = sorted(path.name.split(".")[0] for path in FOLDER.glob("*.sqlite3.xz"))
LIVE = [revision for revision in STORED if revision >= "0004"]


def missing(known: Sequence[str]) -> list[str]:
    """Return the stored databases that are not there for the revisions before the newest."""
    wanted = (f"{revision}.{kind}.xz" for revision in known[:-1] for kind in KINDS)
    return [name for name in wanted if not (FOLDER / name).exists()]


def load(database: Database, revision: str) -> None:
    """Put a stored database in the place of an empty one."""
    if database.is_sqlite:
        database.close()
        path = Path(str(database.url.database))
        path.write_bytes(lzma.decompress((FOLDER / f"{revision}.sqlite3.xz").read_bytes()))
        return
    schema.downgrade(database, "base")
    dump = lzma.decompress((FOLDER / f"{revision}.sql.xz").read_bytes()).decode()
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")
        cursor = connection.connection.cursor()
        cursor.execute(dump)
        cursor.execute("RESET ALL")


@pytest.mark.parametrize("revision", STORED)
def test_a_stored_database_is_upgraded_with_all_of_it(database: Database, revision: str) -> None:
    load(database, revision)
    assert schema.current(database) == revision
    before = filling.contents(database)
    assert before["jobs"]
    assert before["measurements"]
    schema.upgrade(database)
    schema.check(database)
    kept, found = filling.common(before, filling.contents(database))
    assert found == kept
    assert kept.keys() == before.keys()
    assert losses.find(database) is None or revision not in LIVE


@pytest.mark.parametrize("revision", LIVE)
def test_the_product_reads_what_was_stored(
    database: Database, revision: str, tmp_path: Path
) -> None:
    load(database, revision)
    schema.upgrade(database)
    states = set()
    app = create_app(Settings(data_dir=tmp_path), database)
    with TestClient(app, base_url="http://localhost") as client:
        for job in client.get("/v1/jobs").json()["items"]:
            states.add(job["state"])
            pages = ["", "/studies", "/trials", "/densities", "/artifacts"]
            pages += ["/report"] if job["state"] == "SUCCEEDED" else []
            for page in pages:
                answer = client.get(f"/v1/jobs/{job['id']}{page}")
                assert answer.status_code == 200, (page, answer.text)
            assert client.get(f"/jobs/{job['id']}").status_code == 200
    assert states == {"QUEUED", "PAUSED", "SUCCEEDED", "FAILED", "CANCELLED"}


def test_every_revision_before_the_newest_is_stored() -> None:
    assert missing(revisions.known()) == []


def test_a_revision_without_the_one_before_it_stored_is_noticed() -> None:
    newer = [*revisions.known(), "9998", "9999"]
    assert missing(newer)[-2:] == ["9998.sqlite3.xz", "9998.sql.xz"]


def test_stored_databases_are_small_and_name_no_machine() -> None:
    files = [path for path in FOLDER.iterdir() if path.suffix == ".xz"]
    assert sum(path.stat().st_size for path in files) < 300_000
    for path in files:
        raw = lzma.decompress(path.read_bytes())
        assert not re.findall(rb"/(?:home|root|tmp|work|Users)/[\w./-]+", raw), path.name
