"""A job's trials as a flat table: what REST answers of each, params and metrics as columns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from api.data_out.flat_table import (
    MORE,
    Batch,
    ColumnKind,
    FlatColumn,
    FlatTable,
    More,
    Spread,
    in_batches,
    json_cells,
    more_of,
)
from api.trial_answer import STORED, columns_of
from densearch.answers import TrialAnswer
from service.records import Job
from service.storage import json_columns, studies, trial_columns, trial_pages
from service.storage.columns import decoded
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
_LISTS = frozenset(column.name for column in (*LISTS, LEARNED))
# The fields of the answer that are stored as JSON, and the kinds of all of them.
_AS_JSON = ("params", "metrics", "point", "curve", "learned")
_KINDS: Mapping[str, ColumnKind] = {
    **{column.name: column.kind for column in (*_FIRST, *_LAST, *LISTS, LEARNED)},
    "job_id": "int",
    "params": "json",
    "metrics": "json",
    "error": "json",
}


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

    def columns(self, *, has_lists: bool = True) -> Iterator[Mapping[str, Sequence[Any]]]:
        """Yield what REST answers of them by column, in batches, each read when it is asked for.

        JSON is as it is stored, but for `error`.

        Args:
            has_lists: Whether `point`, `curve` and `learned` are read.
        """
        with self.database.read() as session:
            own = studies.of_job(session, self.job.id)
        names = [name for name in STORED if has_lists or name not in _LISTS]
        for found in in_batches(
            self.database,
            lambda session, after: trial_columns.page(
                session,
                self.job.id,
                self.wanted,
                names,
                limit=TOGETHER,
                order=self.order,
                after=after,
            ),
        ):
            yield columns_of(found, self.job, own)

    def answers(self) -> Iterator[list[TrialAnswer]]:
        """Yield what REST answers of them, in batches, each read when it is asked for."""
        for batch in self.columns():
            whole = {**batch, **{name: decoded(batch[name]) for name in _AS_JSON}}
            rows = (
                dict(zip(whole, row, strict=True)) for row in zip(*whole.values(), strict=True)
            )
            yield cast("list[TrialAnswer]", list(rows))


def items_of(chosen: ChosenTrials) -> FlatTable:
    """Return the table whose columns are the fields of what REST answers.

    Args:
        chosen: Its rows.
    """
    columns = [FlatColumn(name, _KINDS[name]) for name in TrialAnswer.__annotations__]
    batches = (
        [*{**batch, "error": json_cells(batch["error"])}.values()] for batch in chosen.columns()
    )
    return FlatTable(columns, batches)


def table_of(chosen: ChosenTrials, *, has_lists: bool) -> FlatTable:
    """Return the table: its columns are known at once, its rows are read while it is sent.

    Args:
        chosen: Its rows.
        has_lists: Whether it has the columns `point`, `curve` and `learned`.
    """
    job_id = chosen.job.id
    with chosen.database.read() as session:
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
        _cells(batch, params, metrics, lists) for batch in chosen.columns(has_lists=has_lists)
    )
    return FlatTable([*columns, *_LAST, *lists], batches)


def _cells(
    found: Mapping[str, Sequence[Any]],
    params: Spread,
    metrics: Spread,
    lists: Sequence[FlatColumn],
) -> Batch:
    more: More = defaultdict(dict)
    params_of, metrics_of = decoded(found["params"]), decoded(found["metrics"])
    return [
        *(found[column.name] for column in _FIRST),
        *params.cells(params_of, more),
        *metrics.cells([own or {} for own in metrics_of], more),
        [error and error["detail"] for error in found["error"]],
        more_of(more, len(found["id"])),
        *(found[column.name] for column in _LAST),
        *(found[column.name] for column in lists),
    ]
