"""A job's measurements: the metrics of each trial after each epoch, with what the trial is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.data_out.flat_table import (
    MORE,
    Batch,
    FlatColumn,
    FlatTable,
    More,
    Spread,
    in_batches,
    more_of,
)
from service.records import Job
from service.storage import job_measurements, json_columns, studies
from service.storage.columns import decoded
from service.storage.database import Database

# Measurements that are read in one transaction.
TOGETHER = 2_000
_FIRST = (
    *(FlatColumn("trial_id", "int"), FlatColumn("study", "text"), FlatColumn("sampler", "text")),
    *(FlatColumn("phase", "text"), FlatColumn("number", "int"), FlatColumn("epoch", "int")),
    *(FlatColumn("elapsed_s", "float"), FlatColumn("measured_at", "time")),
)
_NAMES = (*(column.name for column in _FIRST), "metrics")


@dataclass(frozen=True, slots=True)
class JobMeasurements:
    """The measurements of a job's trials, by trial and epoch.

    Attributes:
        database: Read again for each batch.
        job: As it was when the file was begun.
    """

    database: Database
    job: Job

    def columns(self) -> Iterator[dict[str, Sequence[Any]]]:
        """Yield them by column, in batches, each read when it is asked for; metrics as JSON."""
        with self.database.read() as session:
            by_id = {study.id: study for study in studies.of_job(session, self.job.id)}
        for found in in_batches(
            self.database,
            lambda session, after: job_measurements.page(
                session, self.job.id, after or job_measurements.BEGIN, TOGETHER
            ),
        ):
            own = [by_id[study_id] for study_id in found["study_id"]]
            known = {
                **found,
                "study": [study.name for study in own],
                "sampler": [study.sampler for study in own],
            }
            yield {name: known[name] for name in _NAMES}


def items_of(found: JobMeasurements) -> FlatTable:
    """Return the table whose columns are the fields of JSON objects.

    Args:
        found: Its rows.
    """
    batches = ([*batch.values()] for batch in found.columns())
    return FlatTable([*_FIRST, FlatColumn("metrics", "json")], batches)


def table_of(found: JobMeasurements) -> FlatTable:
    """Return the table: its columns are known at once, its rows are read while it is sent.

    Args:
        found: Its rows.
    """
    with found.database.read() as session:
        names = json_columns.of_measurements(session, found.job.id)
    metrics = Spread("metrics.", names, ["loss"])
    batches = (_cells(batch, metrics) for batch in found.columns())
    return FlatTable([*_FIRST, *metrics.columns, MORE], batches)


def _cells(found: Mapping[str, Sequence[Any]], metrics: Spread) -> Batch:
    more: More = defaultdict(dict)
    own = [found[column.name] for column in _FIRST]
    cells = metrics.cells(decoded(found["metrics"]), more)
    return [*own, *cells, more_of(more, len(found["trial_id"]))]
