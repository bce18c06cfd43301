"""The pages over HTTP, on the real app and real databases."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from service.settings import Settings
from service.states import JobState
from service.storage import densities, overview, trials
from service.storage import jobs as job_rows
from service.storage.database import Database
from tests.support import seeding


@pytest.fixture(params=["sqlite"])
def database(request: pytest.FixtureRequest) -> Database:
    """SQLite alone, unless a test asks for both: pages add no SQL to that of the storage."""
    found: Database = request.getfixturevalue(f"{request.param}_database")
    return found


@pytest.fixture
def client(settings: Settings, database: Database) -> Iterator[TestClient]:
    with TestClient(create_app(settings, database), base_url="http://localhost") as client:
        yield client


@pytest.mark.parametrize(
    ("state", "enabled"),
    [
        ("running", {"pause", "cancel", "clone"}),
        ("paused", {"resume", "cancel", "clone"}),
        ("succeeded", {"extend", "clone", "delete"}),
        ("failed", {"clone", "delete"}),  # none of its trials failed
    ],
)
def test_buttons_are_enabled_where_the_states_allow_it(
    client: TestClient, database: Database, state: str, enabled: set[str]
) -> None:
    job = getattr(seeding, state)(database)
    page = client.get(f"/jobs/{job.id}").text
    assert set(re.findall(r'data-action="([\w-]+)"(?: data-budget="\d+")?>', page)) == enabled


def test_a_finished_job_shows_its_verdict_arms_and_files(
    client: TestClient, database: Database
) -> None:
    job = seeding.succeeded(database)
    page = client.get(f"/jobs/{job.id}").text
    assert "12.4 % below uniform" in page
    assert page.count('id="arm-') == 7
    assert "den[0] 0.25 to 0.41" in page
    assert page.count('class="fill"') == 5  # three parts, their sum, and one beside
    for words in ("took 1.02 times", "took 202 epochs", "p 0.019", "80 % of pairs"):
        assert words in page
    assert 'href="/v1/artifacts/' in page
    assert "data-final" in page


def test_a_report_may_lack_tests_and_intervals(client: TestClient, database: Database) -> None:
    job = seeding.paused(database)
    with database.write() as session:
        arm = {"study_id": 1, "name": "a", "role": "search", "density": None, "test": None}
        lone = {"difference": 0.1, "relative": None, "low": None, "high": None, "p": None}
        arms = [
            arm | {"validation_loss": 1.0, "vs_uniform": None, "training_s": 0.0},
            arm | {"validation_loss": 1.0, "vs_uniform": lone, "training_s": 0.0,
                   "test": {"n": 0, "loss_mean": None, "loss_sd": None, "metrics": {}}},
        ]  # fmt: skip
        report = {"arms": arms, "best_arm": None, "n_seeds": 1, "verdict": "Not judged."}
        job_rows.set_state(session, job.id, JobState.RUNNING)
        job_rows.set_state(session, job.id, JobState.SUCCEEDED, report=report)
    assert "Not judged." in client.get(f"/jobs/{job.id}").text


def test_missing_jobs_answer_a_page(client: TestClient) -> None:
    for path in ("/jobs/1", "/jobs/1/trials?before=3"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")
        assert "there is no job 1" in answer.text
    assert client.get("/jobs/0").status_code == 422
    assert client.get("/?state=LOST").status_code == 422


def test_figures_answer_null_until_there_is_something(
    client: TestClient, database: Database
) -> None:
    job = seeding.waiting(database)
    for name in ("trials", "time", "density"):
        assert client.get(f"/jobs/{job.id}/figures/{name}").json() is None
    busy = seeding.running(database)
    for name in ("trials", "time", "density"):
        figure = client.get(f"/jobs/{busy.id}/figures/{name}?theme=dark").json()
        assert set(figure) == {"data", "layout"}
    other = seeding.running(database)
    with database.read() as session:
        theirs = densities.of_job(session, other.id)[0].id
    assert client.get(f"/jobs/{busy.id}/figures/density?density={theirs}").json() is None
    assert client.get(f"/jobs/{busy.id}/figures/secret").status_code == 422


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
def test_results_leave_out_what_cannot_be_the_best(database: Database) -> None:
    job = seeding.running(database)
    with database.read() as session:
        found = {r.trial_id: r for r in overview.results(session, job.id, "number", 600)}
        for trial in trials.of_job(session, job.id):
            is_result = trial.state == "COMPLETED" and not trial.is_diverged
            assert (trial.id in found) == is_result
            if is_result:
                assert found[trial.id].value == trial.value


def test_no_page_holds_a_script_or_names_another_host(
    client: TestClient, database: Database
) -> None:
    found = seeding.seed_all(database)
    for path in ("/", f"/jobs/{found['running'].id}", f"/jobs/{found['succeeded'].id}"):
        page = client.get(path).text
        assert not re.search(r"<script(?![^>]*src=)", page)
        assert not re.search(r"\son\w+=\"", page.replace("&#34;", ""))
        assert "http://" not in page
        assert "https://" not in page
