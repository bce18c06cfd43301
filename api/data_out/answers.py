"""A table of a job as the answer to a request, in one of several formats."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from fastapi.responses import StreamingResponse

from api.data_out import csv_text, json_lines, parquet
from api.data_out.flat_table import FlatTable
from api.formats import MEDIA_TYPES
from api.schemas.base import BINARY, TEXT
from service.records import Job

FileForm = Literal["csv", "parquet", "ndjson"]
# Says whether there may be more later.
STATE_HEADER = "densearch-job-state"
CONTENT: Mapping[str, Any] = {
    MEDIA_TYPES["csv"]: TEXT,
    MEDIA_TYPES["ndjson"]: TEXT,
    MEDIA_TYPES["parquet"]: BINARY,
}


def answer(
    job: Job,
    what: str,
    form: FileForm,
    table: FlatTable,
) -> StreamingResponse:
    """Return a file of a job, whose rows are read while it is sent.

    A file of a job that has not ended says so: in its name (`-so-far`), in the header
    `Densearch-Job-State`, and as Parquet in its metadata.

    Args:
        job: As it was when the file was begun.
        what: Its last name, such as ``trials``.
        form: The format.
        table: Its rows; of NDJSON a column for each field of the objects.

    Raises:
        ProblemError: No process could be started that writes Parquet.
    """
    so_far = "" if job.state.is_final else "-so-far"
    name = f"job-{job.id}-{what}{so_far}.{form}"
    return StreamingResponse(
        _parts(job, form, table),
        media_type=MEDIA_TYPES[form] + ("; charset=utf-8" if form == "csv" else ""),
        headers={
            "content-disposition": f'attachment; filename="{name}"',
            STATE_HEADER: job.state.value,
            "cache-control": "no-store",
        },
    )


def _parts(job: Job, form: FileForm, table: FlatTable) -> Iterator[str] | Iterator[bytes]:
    if form == "csv":
        return csv_text.text_of(table)
    if form == "parquet":
        return parquet.bytes_of(table, _metadata(job))
    return json_lines.text_of(table)


def _metadata(job: Job) -> dict[str, str]:
    is_complete = json.dumps(job.state.is_final)
    return {
        "densearch.job": str(job.id),
        "densearch.name": job.name,
        "densearch.state": job.state.value,
        "densearch.complete": is_complete,
    }
