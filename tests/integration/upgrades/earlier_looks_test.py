"""An upgrade to 0008 counts the test splits that finished jobs of earlier versions looked at."""

from __future__ import annotations

import sqlalchemy as sa

from service.storage import schema
from service.storage.database import Database
from service.storage.tables import EvaluationRow, JobRow, SplitLookRow
from service.studies.test_splits import split_of
from service.validation import parse
from tests.assets.databases.loading import WHOLE, load


def test_finished_jobs_have_looked_at_their_splits(database: Database) -> None:
    load(database, max(revision for revision in WHOLE if revision < "0008"))
    schema.upgrade(database)
    with database.read() as session:
        judged = sa.select(EvaluationRow.job_id)
        query = sa.select(JobRow).where(JobRow.state == "SUCCEEDED", JobRow.id.in_(judged))
        expected = {
            job.id: (split, job.finished_at)
            for job in session.scalars(query)
            if (split := split_of(parse.stored(job.spec))) is not None
        }
        rows = session.scalars(sa.select(SplitLookRow))
        assert {row.job_id: (row.split, row.looked_at) for row in rows} == expected
    splits = {split for split, _ in expected.values()}
    assert {"digits", "photos"} <= splits
    assert sum(split.startswith("stored:") for split in splits) == 3
