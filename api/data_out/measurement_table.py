"""A job's measurements: the metrics of each trial after each epoch, with what the trial is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from api.data_out.flat_table import MORE, FlatColumn, FlatTable, Row, Spread, in_batches, more_of
from service.records import Job
from service.storage import job_measurements, json_columns, studies
from service.storage.database import Database

# Measurements that are read in one transaction.
TOGETHER = 2_000
_FIRST = (
    *(FlatColumn("trial_id", "int"), FlatColumn("study", "text"), FlatColumn("sampler", "text")),
    *(FlatColumn("phase", "text"), FlatColumn("number", "int"), FlatColumn("epoch", "int")),
    *(FlatColumn("elapsed_s", "float"), FlatColumn("measured_at", "time")),
)


@dataclass(frozen=True, slots=True)
class JobMeasurements:
    """The measurements of a job's trials, by trial and epoch.

    Attributes:
        database: Read again for each batch.
        job: As it was when the file was begun.
    """

    database: Database
    job: Job

    def items(self) -> Iterator[list[dict[str, Any]]]:
        """Yield them as JSON objects, in batches, each read when it is asked for."""
        with self.database.read() as session:
            by_id = {study.id: study for study in studies.of_job(session, self.job.id)}
        for found in in_batches(
            self.database,
            lambda session, after: job_measurements.page(
                session, self.job.id, after or job_measurements.BEGIN, TOGETHER
            ),
            TOGETHER,
            lambda one: (one.trial_id, one.epoch),
        ):
            yield [
                {
                    "trial_id": one.trial_id,
                    "study": by_id[one.study_id].name,
                    "sampler": by_id[one.study_id].sampler,
                    "phase": one.phase.value,
                    "number": one.number,
                    "epoch": one.epoch,
                    "elapsed_s": one.elapsed_s,
                    "measured_at": one.measured_at.isoformat(),
                    "metrics": one.metrics,
                }
                for one in found
            ]


def table_of(session: Session, found: JobMeasurements) -> FlatTable:
    """Return the table: its columns are known at once, its rows are read while it is sent.

    Args:
        session: In a transaction.
        found: Its rows.
    """
    metrics = Spread("metrics.", json_columns.of_measurements(session, found.job.id), ["loss"])
    batches = ([_row(item, metrics) for item in batch] for batch in found.items())
    return FlatTable([*_FIRST, *metrics.columns, MORE], batches)


def _row(item: dict[str, Any], metrics: Spread) -> Row:
    more: dict[str, Any] = {}
    own = [item[column.name] for column in _FIRST]
    return [*own, *metrics.cells(item["metrics"], more), more_of(more)]
