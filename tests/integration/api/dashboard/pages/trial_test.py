"""The page of a trial: of every phase and state, its nearest trials, and ids of other jobs."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.dashboard.pages.trial import trial_page
from service.records import Job, Trial
from service.states import Phase
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
        assert f"trial {trial.id}<" in page.text
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
        page = trial_page(session, job.id, trial.id)
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
