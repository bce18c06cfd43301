"""Databases that earlier versions wrote are upgraded with all that is in them."""

from __future__ import annotations

import lzma
import re
from collections.abc import Sequence

import pytest
import sqlalchemy as sa

from service.storage import losses, revisions, schema
from service.storage.database import Database
from service.storage.tables import StudyRow
from tests.assets.databases.loading import FOLDER, LIVE, STORED, load
from tests.support import filling

# The first with every kind of job, with their files and results.
FIRST_WHOLE = "0005"
# The first whose studies say by which rules they search.
VERSIONED_SINCE = "0006"
KINDS = ("sqlite3.xz", "sql.xz")
WHOLE_KINDS = (*KINDS, "files.tar.xz", "json")


def missing(known: Sequence[str]) -> list[str]:
    """Return the files that are not there for the revisions before the newest, and for 0005."""
    stored = sorted({*known[:-1], FIRST_WHOLE})
    wanted = (
        f"{revision}.{kind}"
        for revision in stored
        for kind in (WHOLE_KINDS if revision >= FIRST_WHOLE else KINDS)
    )
    return [name for name in wanted if not (FOLDER / name).exists()]


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
    with database.read() as session:  # they go on by the rules that they began with
        versions = session.scalars(sa.select(StudyRow.search_version).distinct()).all()
        assert versions == [1 if revision < VERSIONED_SINCE else 2]
    assert losses.find(database) is None or revision not in LIVE


def test_every_revision_before_the_newest_is_stored() -> None:
    assert missing(revisions.known()) == []


def test_a_revision_without_the_one_before_it_stored_is_noticed() -> None:
    newer = [*revisions.known(), "9998", "9999"]
    assert missing(newer)[-4:] == [f"9998.{kind}" for kind in WHOLE_KINDS]


def test_stored_databases_are_small_and_name_no_machine() -> None:
    packed = [path for path in FOLDER.iterdir() if path.suffix == ".xz"]
    # A set with every kind of job takes about 300 kB, with the losses of test items 570 kB.
    for revision in STORED:
        own = [path for path in packed if path.name.startswith(revision)]
        assert sum(path.stat().st_size for path in own) < 800_000
    for path in (*packed, *FOLDER.glob("*.json")):
        stored = path.read_bytes()
        raw = lzma.decompress(stored) if path in packed else stored
        assert not re.findall(rb"/(?:home|root|tmp|work|Users)/[\w./-]+", raw), path.name
