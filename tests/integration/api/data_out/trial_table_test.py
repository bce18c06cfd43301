"""All trials of a job as one file, against the list of them."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime

import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

from api.data_out import trial_table
from api.formats import MEDIA_TYPES
from service.storage.database import Database
from tests.support.pages import items
from tests.support.simulation import finish_next
from tests.support.specs import PHOTOS, submit


def test_a_file_has_what_the_list_has(
    both: TestClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial_table, "TOGETHER", 3)  # many batches
    job_id = submit(both, PHOTOS)
    at = f"/v1/jobs/{job_id}"
    empty = both.get(f"{at}/trials?format=ndjson")
    assert (empty.text, empty.headers["densearch-job-state"]) == ("", "QUEUED")
    finish_next(database)
    whole = items(both, f"{at}/trials?phase=all&limit=1000")
    lines = both.get(f"{at}/trials?phase=all&format=ndjson").text.splitlines()
    times = ("queued_at", "started_at", "finished_at")  # spelt with Z and with +00:00
    assert [{k: v for k, v in json.loads(line).items() if k not in times} for line in lines] == [
        {k: v for k, v in trial.items() if k not in times} for trial in whole
    ]
    for sort in ("-value", "study", "-training"):
        listed = items(both, f"{at}/trials?phase=any&sort={sort}&limit=1000")
        rows = csv.DictReader(both.get(f"{at}/trials.csv?phase=any&sort={sort}").text.splitlines())
        assert [int(row["id"]) for row in rows] == [trial["id"] for trial in listed], sort
    answer = both.get(f"{at}/trials?phase=all&format=parquet")
    assert f'filename="job-{job_id}-trials.parquet"' in answer.headers["content-disposition"]
    table = pq.read_table(io.BytesIO(answer.content))
    assert table.schema.metadata[b"densearch.complete"] == b"true"
    for trial, row in zip(whole, table.to_pylist(), strict=True):
        assert {n: row[n] for n in ("id", "value", "point", "curve", "attempts")} == {
            n: trial[n] for n in ("id", "value", "point", "curve", "attempts")
        }
        assert row["params.den[0]"] == trial["params"].get("den", [None])[0]
        assert row["finished_at"] == datetime.fromisoformat(trial["finished_at"])
        for name, value in (trial["metrics"] or {}).items():
            assert row[f"metrics.{name}"] == value
    parquet = both.get(f"{at}/trials.parquet?phase=all")
    assert parquet.headers["content-type"] == MEDIA_TYPES["parquet"]
    assert both.get(f"{at}/trials?format=xls").status_code == 422
