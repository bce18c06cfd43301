"""The page of the densities: the best of all studies, and those of single trials."""

from __future__ import annotations

import math
import re

import pytest
from starlette.testclient import TestClient

from api.dashboard.pages.job_densities import of_scale_1
from service.storage import overview, studies
from service.storage.database import Database
from tests.support import seeding


def test_a_slider_shows_the_density_of_any_trial_of_a_search(
    client: TestClient, sqlite_database: Database
) -> None:
    job_id = seeding.simulated(sqlite_database, seeding.SEARCH, n_workers=3).id
    with sqlite_database.read() as session:
        study = next(s for s in studies.of_job(session, job_id) if s.name == "random-2")
        assert overview.last_number(session, study.id) == 11
        trial = overview.of_number(session, study.id, 5)
    assert trial is not None
    page = client.get(f"/jobs/{job_id}/densities?study=random-2&number=5").text
    slide = page.partition('id="slide"')[2].partition("</section>")[0]
    assert f"trials/{trial.id}" in slide
    shown = [float(value) for value in re.findall(r"<title>([\d.]+)</title>", slide)]
    assert shown == pytest.approx([v for row in trial.payload["phi"] for v in row], rel=1e-2)
    wrong = client.get(f"/jobs/{job_id}/densities?study=%3Cb%3E&number=99&show=x").text
    for words in (
        "no trial 99 yet: the last one is 11",
        "called &#39;&lt;b&gt;&#39;",
        "show=&#39;x",
    ):
        assert words in wrong
    learned = client.get(f"/jobs/{job_id}/figures/field").json()
    assert "5 convolutions" in learned["layout"]["meta"]["caption"]


def test_a_flat_density_has_no_shape() -> None:
    assert of_scale_1([[0.5, 0.5], [0.5, 0.5]]) == [[1.0, 1.0], [1.0, 1.0]]
    rows = of_scale_1([[1.0, 2.0, 3.0]])
    assert math.sqrt(sum(value * value for value in rows[0]) / 3) == pytest.approx(1.0)
    assert of_scale_1([[0.0]]) == [[0.0]]


def test_jobs_without_trials_or_densities_say_so(
    client: TestClient, sqlite_database: Database
) -> None:
    waiting = seeding.waiting(sqlite_database)
    assert (
        "appears with its first completed trial"
        in client.get(f"/jobs/{waiting.id}/densities").text
    )
    function = seeding.function_job(sqlite_database)
    assert "has no density" in client.get(f"/jobs/{function.id}/densities").text
