"""The page of a trial: of every phase and state, its nearest trials, and ids of other jobs."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.dashboard.pages.trial import trial_page
from service.jobs import attempt_logs
from service.records import Job, Trial
from service.settings import Settings
from service.states import Phase, TrialState
from service.storage import trials
from service.storage.database import Database
from tests.support import seeding


@pytest.fixture
def seeded(database: Database) -> dict[str, Job]:
    return seeding.seed_all(database)


def of(database: Database, job: Job) -> list[Trial]:
    with database.read() as session:
        return trials.of_job(session, job.id)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
def test_a_trial_of_every_phase_and_state_has_a_page(
    client: TestClient, database: Database, seeded: dict[str, Job]
) -> None:
    kinds: dict[Any, Trial] = {}
    for job in seeded.values():
        for trial in of(database, job):
            kinds.setdefault((trial.phase, trial.state, trial.is_diverged), trial)
    assert len(kinds) > 5
    for trial in kinds.values():
        at = f"/jobs/{trial.job_id}/trials/{trial.id}"
        page = client.get(at)
        assert page.status_code == 200, at
        assert f"<span>id {trial.id}</span>" in page.text
        assert "<img src=x" not in page.text
        figure = client.get(f"{at}/figure").json()
        assert (figure is not None) == ("Losses by epoch" in page.text)


def test_the_nearest_trials_are_those_of_its_search_by_distance(
    database: Database, seeded: dict[str, Job]
) -> None:
    job = next(job for job in seeded.values() if job.name == "photos, final")
    found = [t for t in of(database, job) if t.phase is Phase.SEARCH and t.value is not None]
    trial = found[3]
    others = [t for t in found if t.study_id == trial.study_id and t.id != trial.id]
    expected = sorted(others, key=lambda t: (math.dist(t.point, trial.point), t.id))[:5]
    with database.read() as session:
        page = trial_page(session, job.id, trial.id, Path())
    assert [one.place.trial_id for one in page.neighbours] == [t.id for t in expected]
    distances = [one.distance for one in page.neighbours]
    assert all(0 <= d <= 1 for d in distances)
    assert distances == sorted(distances)


def test_a_trial_of_another_job_is_not_found_there(
    client: TestClient, database: Database, seeded: dict[str, Job]
) -> None:
    by_name = {job.name: job for job in seeded.values()}
    trial = of(database, by_name["photos, final"])[0]
    other = by_name["branin"]
    for at in (f"/jobs/{other.id}/trials/{trial.id}", f"/jobs/{trial.job_id}/trials/99999"):
        page = client.get(at)
        assert page.status_code == 404
        assert "Not found" in page.text
        assert client.get(f"{at}/figure").json() is None


def test_the_table_of_trials_leads_to_the_pages(
    client: TestClient, seeded: dict[str, Job]
) -> None:
    job = next(job for job in seeded.values() if job.name == "photos, final")
    page = client.get(f"/jobs/{job.id}/trials").text
    links = re.findall(rf'href="\.\./\.\./(jobs/{job.id}/trials/\d+)"', page)
    assert links
    assert client.get(f"/{links[0]}").status_code == 200


def test_the_log_of_its_worker_is_searched(
    client: TestClient, sqlite_database: Database, settings: Settings
) -> None:
    job = seeding.running(sqlite_database)
    with sqlite_database.read() as session:
        trial = next(t for t in trials.of_job(session, job.id) if t.state is TrialState.RUNNING)
        (attempt,) = trials.attempts(session, trial.id)
    at = f"/jobs/{job.id}/trials/{trial.id}"
    empty = client.get(at)
    assert "Its worker printed nothing" in empty.text
    path = attempt_logs.path_of(settings.data_dir, job.id, attempt.id)
    path.parent.mkdir(parents=True)
    path.write_text("10:00:00 <b>Loss</b> 1\n10:00:01 \u202eloss 2\n10:00:02 done\n")
    answer = client.get(at, headers={"if-none-match": empty.headers["etag"]})
    assert "&lt;b&gt;Loss&lt;/b&gt; 1" in answer.text
    assert "\u202e" not in answer.text
    found = client.get(at, params={"q": "LOSS"}).text
    assert "2 of 3 lines" in found
    assert "10:00:02 done" not in found
    assert client.get(at, params={"q": "a\x00"}).status_code == 422
