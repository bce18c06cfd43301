"""A job's trials as a flat table: what REST answers of each, params and metrics as columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from api.data_out.flat_table import MORE, FlatColumn, FlatTable, Row, Spread, in_batches, more_of
from api.trial_answer import answer_of
from densearch.answers import TrialAnswer
from service.records import Job
from service.storage import json_columns, studies, trial_pages
from service.storage.database import Database
from service.storage.trial_pages import TrialFilter, TrialOrder

# Trials that are read in one transaction.
TOGETHER = 1_000
_FIRST = (
    *(FlatColumn("id", "int"), FlatColumn("study", "text"), FlatColumn("sampler", "text")),
    *(FlatColumn("phase", "text"), FlatColumn("number", "int"), FlatColumn("state", "text")),
    *(FlatColumn("value", "float"), FlatColumn("is_diverged", "bool")),
    *(FlatColumn("training_s", "float"), FlatColumn("cached", "bool")),
    *(FlatColumn("attempts", "int"), FlatColumn("device", "text")),
    FlatColumn("peak_memory_bytes", "int"),
    *(FlatColumn("queued_at", "time"), FlatColumn("started_at", "time")),
    FlatColumn("finished_at", "time"),
)
# After those that the file had in earlier versions.
_LAST = (
    *(FlatColumn("study_id", "int"), FlatColumn("certainty", "text")),
    *(FlatColumn("speculative", "bool"), FlatColumn("cached_from", "int")),
)
LISTS = (FlatColumn("point", "floats"), FlatColumn("curve", "floats"))
LEARNED = FlatColumn("learned", "json")
_NEVER = ("payload",)


@dataclass(frozen=True, slots=True)
class ChosenTrials:
    """The trials of a job that fit a filter, in an order.

    Attributes:
        database: Read again for each batch.
        job: As it was when the file was begun.
    """

    database: Database
    job: Job
    wanted: TrialFilter
    order: TrialOrder

    def answers(self, *, has_lists: bool) -> Iterator[list[TrialAnswer]]:
        """Yield what REST answers of them, in batches, each read when it is asked for.

        Args:
            has_lists: Whether `point`, `curve` and `learned` are read, or None.
        """
        without = _NEVER if has_lists else (*_NEVER, "point", "curve", "learned")
        with self.database.read() as session:
            names = {study.id: study for study in studies.of_job(session, self.job.id)}
        for found in in_batches(
            self.database,
            lambda session, after: trial_pages.page(
                session,
                self.job.id,
                self.wanted,
                limit=TOGETHER,
                order=self.order,
                after=after,
                without=without,
            ),
            TOGETHER,
            lambda trial: trial_pages.place_of(trial, self.order),
        ):
            yield [answer_of(t, self.job, names[t.study_id]) for t in found]


def table_of(session: Session, chosen: ChosenTrials, *, has_lists: bool) -> FlatTable:
    """Return the table: its columns are known at once, its rows are read while it is sent.

    Args:
        session: In a transaction.
        chosen: Its rows.
        has_lists: Whether it has the columns `point`, `curve` and `learned`.
    """
    job_id = chosen.job.id
    params = Spread(
        "params.",
        json_columns.of_params(session, job_id),
        list(trial_pages.sample_params(session, job_id)),
    )
    metrics = Spread(
        "metrics.",
        json_columns.of_metrics(session, job_id),
        trial_pages.sample_metrics(session, job_id),
    )
    lists = (*LISTS, LEARNED) if has_lists else ()
    columns = [*_FIRST, *params.columns, *metrics.columns, FlatColumn("error", "text"), MORE]
    batches = (
        [_row(trial, params, metrics, lists) for trial in batch]
        for batch in chosen.answers(has_lists=has_lists)
    )
    return FlatTable([*columns, *_LAST, *lists], batches)


def _row(trial: TrialAnswer, params: Spread, metrics: Spread, lists: Sequence[FlatColumn]) -> Row:
    values: dict[str, Any] = {**trial}
    more: dict[str, Any] = {}
    row = [values[column.name] for column in _FIRST]
    row += params.cells(trial["params"], more)
    row += metrics.cells(trial["metrics"] or {}, more)
    row += [trial["error"]["detail"] if trial["error"] else None, more_of(more)]
    row += [values[column.name] for column in _LAST]
    return row + [_listed(values[column.name], column) for column in lists]


def _listed(value: object, column: FlatColumn) -> object:
    return json.dumps(value) if column.kind == "json" and value is not None else value
