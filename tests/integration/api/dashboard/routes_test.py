"""The pages over HTTP, on the real app and real databases."""

from __future__ import annotations

import re

from starlette.testclient import TestClient

from api.dashboard.figure_routes import BUILDERS
from api.dashboard.pages.job_head import TABS
from service.storage import densities
from service.storage.database import Database
from tests.support import seeding


def test_missing_jobs_answer_a_page(client: TestClient) -> None:
    for path in ("/jobs/1", "/jobs/1/trials?cursor=3", "/jobs/1/search"):
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
    for name in BUILDERS:
        assert client.get(f"/jobs/{job.id}/figures/{name}").json() is None
    busy = seeding.running(database)
    # It has no result and no short trainings, its seeded points are no sequence of DIRECT-L, and
    # no importance is asked here.
    lacking = {"arms", "boxes", "fidelity", "hull", "importance", "items", "pairs", "samplers"}
    for name in set(BUILDERS) - lacking:
        figure = client.get(f"/jobs/{busy.id}/figures/{name}?theme=dark").json()
        assert set(figure) == {"data", "layout"}
        table = client.get(f"/jobs/{busy.id}/figures/{name}?format=csv")
        assert f'filename="job-{busy.id}-{name}.csv"' in table.headers["content-disposition"]
        assert table.text.startswith("series,")
        assert table.text.count("\n") > 2
    other = seeding.running(database)
    with database.read() as session:
        theirs = densities.of_job(session, other.id)[0].id
    assert client.get(f"/jobs/{busy.id}/figures/density?density={theirs}").json() is None
    assert f"no density {theirs}" in client.get(f"/jobs/{busy.id}?density={theirs}").text
    assert client.get(f"/jobs/{busy.id}/figures/secret").status_code == 422


def test_no_page_holds_a_script_or_names_another_host(
    client: TestClient, database: Database
) -> None:
    found = seeding.seed_all(database)
    shown = (found["running"].id, found["succeeded"].id, found["waiting"].id)
    for path in ("/", *(f"/jobs/{job_id}/{tab.name}" for job_id in shown for tab in TABS)):
        page = client.get(path.rstrip("/") or "/").text
        assert path == "/" or page.count(' aria-current="page"') == 1
        assert not re.search(r"<script(?![^>]*src=)", page)
        assert not re.search(r"\son\w+=\"", page.replace("&#34;", ""))
        assert "http://" not in page
        assert "https://" not in page


def test_a_job_that_is_gone_has_no_file(client: TestClient) -> None:
    for at in (
        "jobs/99/figures/convergence",
        "jobs/99/trials/9/figure",
        "compare/figure?jobs=98,99",
    ):
        mark = "&" if "?" in at else "?"
        assert client.get(f"/{at}{mark}format=csv").status_code == 404, at
        assert client.get(f"/{at}").json() is None
