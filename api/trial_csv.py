"""All trials of a job that fit a filter as one CSV file, which is sent while it is read."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

from api.trial_answer import answer_of
from api.trial_query import names_of, values_of
from densearch.answers import TrialAnswer
from service.records import Job, Study
from service.storage import studies, trial_pages
from service.storage.database import Database
from service.storage.trial_pages import TrialFilter, TrialOrder

MEDIA_TYPE = "text/csv"
# Trials that are read in one transaction.
TOGETHER = 1_000
FIELDS = (
    *("id", "study", "sampler", "phase", "number", "state", "value", "is_diverged"),
    *("training_s", "cached", "attempts", "device", "peak_memory_bytes"),
    *("queued_at", "started_at", "finished_at"),
)
# What a spreadsheet takes for the beginning of a formula.
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def answer(
    database: Database, session: Session, job: Job, wanted: TrialFilter, order: TrialOrder
) -> StreamingResponse:
    """Return the file: its columns are known at once, its rows are read while it is sent.

    Columns: `FIELDS`, each param, each metric of the first trials of each kind, the error, and as
    JSON what later trials have in addition.
    """
    arms = studies.of_job(session, job.id)
    params = names_of(trial_pages.sample_params(session, job.id))
    metrics = trial_pages.sample_metrics(session, job.id)
    lines = _lines(database, job, arms, wanted, order, params, metrics)
    name = f'attachment; filename="job-{job.id}-trials.csv"'
    return StreamingResponse(
        lines, media_type=f"{MEDIA_TYPE}; charset=utf-8", headers={"content-disposition": name}
    )


def _lines(
    database: Database,
    job: Job,
    arms: Sequence[Study],
    wanted: TrialFilter,
    order: TrialOrder,
    params: Sequence[str],
    metrics: Sequence[str],
) -> Iterator[str]:
    columns = [f"params.{name}" for name in params] + [f"metrics.{name}" for name in metrics]
    yield _text([[*FIELDS, *columns, "error", "more"]])
    by_id, after = {study.id: study for study in arms}, None
    while True:
        with database.read() as session:
            found = trial_pages.page(
                session, job.id, wanted, limit=TOGETHER, order=order, after=after
            )
        shown = [answer_of(trial, job, by_id[trial.study_id]) for trial in found]
        yield _text([_row(trial, params, metrics) for trial in shown])
        if len(found) < TOGETHER:
            return
        after = trial_pages.place_of(found[-1], order)


def _row(trial: TrialAnswer, params: Sequence[str], metrics: Sequence[str]) -> list[Any]:
    own, measured = dict(values_of(trial["params"])), dict(trial["metrics"] or {})
    cells = [trial[name] for name in FIELDS]  # type: ignore[literal-required]
    cells += [own.pop(name, None) for name in params]
    cells += [measured.pop(name, None) for name in metrics]
    more = {
        **{f"params.{name}": value for name, value in own.items()},
        **{f"metrics.{name}": value for name, value in measured.items()},
    }
    error = trial["error"]["detail"] if trial["error"] else None
    return [_cell(cell) for cell in (*cells, error, json.dumps(more) if more else None)]


def _cell(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula, and words for truth values."""
    if isinstance(value, bool):
        return str(value).lower()
    is_formula = isinstance(value, str) and value.startswith(_FORMULAS)
    return f"'{value}" if is_formula else value


def _text(rows: Sequence[Sequence[object]]) -> str:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue()
