"""Puts a stored database, and its files, in the place of an empty one."""

from __future__ import annotations

import io
import json
import lzma
import tarfile
from pathlib import Path

from service.storage import schema
from service.storage.database import Database
from tests.assets.databases.results import Json

FOLDER = Path(__file__).parent
STORED = sorted(path.name.split(".")[0] for path in FOLDER.glob("*.sqlite3.xz"))
# Those that the code of their revision wrote.
LIVE = [revision for revision in STORED if revision >= "0004"]
# Those with every kind of job, the files of the finished ones and the results of the paused ones.
WHOLE = [revision for revision in STORED if (FOLDER / f"{revision}.json").exists()]


def load(database: Database, revision: str) -> None:
    """Put a stored database in the place of an empty one."""
    if database.is_sqlite:
        database.close()
        Path(str(database.url.database)).write_bytes(unpacked(f"{revision}.sqlite3"))
        return
    schema.downgrade(database, "base")
    dump = unpacked(f"{revision}.sql").decode()
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")
        cursor = connection.connection.cursor()
        cursor.execute(dump)
        cursor.execute("RESET ALL")


def load_files(data_dir: Path, revision: str) -> None:
    """Put the weights and data sets of a stored database into a data directory."""
    with tarfile.open(fileobj=io.BytesIO(unpacked(f"{revision}.files.tar"))) as archive:
        archive.extractall(data_dir, filter="data")


def results_of(revision: str) -> Json:
    """Return what the paused jobs of a stored database gave, and where they were computed."""
    found: Json = json.loads((FOLDER / f"{revision}.json").read_text())
    return found


def unpacked(name: str) -> bytes:
    """Return the content of a packed file of this folder."""
    return lzma.decompress((FOLDER / f"{name}.xz").read_bytes())
