"""All measurements of a job as one file."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime

from starlette.testclient import TestClient

from service.storage import trials
from service.storage.database import Database
from tests.support.pages import items
from tests.support.simulation import finish_next
from tests.support.specs import PHOTOS, submit


def test_a_file_has_the_epochs_of_all_trials(both: TestClient, database: Database) -> None:
    job_id = submit(both, PHOTOS)
    finish_next(database)
    at = f"/v1/jobs/{job_id}"
    whole = items(both, f"{at}/trials?phase=all&limit=1000")
    first, second = whole[0], whole[1]
    measured = [
        {
            "trial_id": trial["id"],
            "epoch": epoch,
            "attempt_id": 1,
            "metrics": {"loss": loss} | ({"psnr_db": 20.0} if epoch == 2 else {}),
            "elapsed_s": 0.5 * epoch,
            "measured_at": datetime(2026, 3, 1, tzinfo=UTC),
        }
        for trial, epoch, loss in ((first, 1, 0.5), (first, 2, 0.25), (second, 1, 0.75))
    ]
    with database.write() as session:
        trials.insert_measurements(session, measured)
    rows = list(csv.DictReader(both.get(f"{at}/measurements?format=csv").text.splitlines()))
    names = ("trial_id", "study", "epoch", "metrics.loss", "metrics.psnr_db", "elapsed_s")
    assert [tuple(row[name] for name in names) for row in rows] == [
        (str(first["id"]), first["study"], "1", "0.5", "", "0.5"),
        (str(first["id"]), first["study"], "2", "0.25", "20.0", "1.0"),
        (str(second["id"]), second["study"], "1", "0.75", "", "0.5"),
    ]
    lines = [json.loads(line) for line in both.get(f"{at}/measurements").text.splitlines()]
    assert [line["metrics"] for line in lines] == [one["metrics"] for one in measured]
    assert both.get("/v1/jobs/99/measurements").status_code == 404
    for wrong in ("format=json", "phase=all"):
        assert both.get(f"{at}/measurements?{wrong}").status_code == 422, wrong
