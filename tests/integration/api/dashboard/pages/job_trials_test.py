"""The table of trials on the page of a job."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from service.storage import trials
from service.storage.database import Database
from tests.support import seeding


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
def test_a_job_shows_its_failed_cached_diverged_and_speculative_trials(
    client: TestClient, database: Database
) -> None:
    job = seeding.running(database)
    page = client.get(f"/jobs/{job.id}/trials").text
    for wanted in ("out of memory (killed", "cached", "diverged", "predicted", "epoch 2/4"):
        assert wanted in page
    assert re.search(r'data-action="pause">', page)
    assert re.search(r'data-action="resume" disabled>', page)
    page = client.get(f"/jobs/{job.id}").text
    for kind in ("json", "npz", "csv"):
        link = re.search(rf'href="\.\.(/v1/densities/\d+\?format={kind})"', page)
        assert link is not None
        assert client.get(link.group(1)).status_code == 200


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
def test_older_trials_join_seamlessly(client: TestClient, database: Database) -> None:
    job = seeding.succeeded(database)
    with database.read() as session:
        every = [trial.id for trial in trials.of_job(session, job.id)]
    seen: list[int] = []
    page = client.get(f"/jobs/{job.id}/trials").text
    while True:
        seen += map(int, re.findall(r'data-trial="(\d+)"', page))
        older = re.search(r'data-older="(\d+)"', page)
        if older is None:
            break
        page = client.get(f"/jobs/{job.id}/trials", params={"before": older.group(1)}).text
    assert seen == every[::-1]
    above = client.get(f"/jobs/{job.id}/trials", params={"above": every[10]}).text
    assert [int(i) for i in re.findall(r'data-trial="(\d+)"', above)] == every[:10:-1]
