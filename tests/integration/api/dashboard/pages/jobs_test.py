"""The list of jobs: every job once, filtered, in pages, and escaped."""

from __future__ import annotations

import html
import re

import pytest
from starlette.testclient import TestClient

from service.jobs import commands, notes
from service.storage.database import Database
from tests.support import seeding


def test_an_empty_list_says_what_to_do_next(client: TestClient) -> None:
    page = client.get("/", headers={"host": "localhost:9000"}).text
    assert "densearch submit job.json --url http://localhost:9000</pre>" in page


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
def test_the_list_shows_every_job_and_escapes_names(
    client: TestClient, database: Database
) -> None:
    found = seeding.seed_all(database)
    page = client.get("/").text
    for job in found.values():
        assert f'href="./jobs/{job.id}"' in page
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page
    assert "all workers are busy with other jobs" in page
    assert "no worker can hold a network of width 512" in page


def test_the_list_filters_by_state_and_pages_back(client: TestClient, database: Database) -> None:
    made = [seeding.submit(database, f"job {i}", n_trials=1) for i in range(27)]
    commands.cancel(database, made[3].id)
    first = client.get("/").text
    shown = [int(i) for i in re.findall(r'id="job-(\d+)"', first)]
    assert shown == [job.id for job in reversed(made)][:25]
    older = re.search(r'rel="next" href="([^"]+)"', first)
    assert older is not None
    second = client.get(older.group(1)).text
    assert re.findall(r'id="job-(\d+)"', second) == [str(made[1].id), str(made[0].id)]
    assert 'rel="next"' not in second
    cancelled = client.get("/", params={"state": "CANCELLED"}).text
    assert re.findall(r'id="job-(\d+)"', cancelled) == [str(made[3].id)]
    assert "No job is failed" in client.get("/", params={"state": "FAILED"}).text


def test_the_list_is_filtered_by_its_form_and_keeps_the_filters(
    client: TestClient, database: Database
) -> None:
    made = [seeding.submit(database, f"job {i:02d}", n_trials=1) for i in range(27)]
    other = seeding.submit(database, "other", samplers=["random"], n_trials=1)
    notes.annotate(database, other.id, notes.JobNotes(tags=["R&D"], note="by hand"))

    def shown(query: str) -> list[int]:
        return [int(i) for i in re.findall(r'id="job-(\d+)"', client.get(f"/{query}").text)]

    empty = "task=&dataset=&sampler=&tag=&sort=&state="
    assert shown(f"?text=BY+HAND&{empty}") == shown("?tag=R%26D") == [other.id]
    assert shown("?sampler=tpe&sort=oldest") == [job.id for job in made[:25]]
    page = client.get("/?sampler=tpe&sort=oldest&task=denoising").text
    following = re.search(r'rel="next" href="\./([^"]+)"', page)
    assert following is not None
    assert shown(html.unescape(following.group(1))) == [job.id for job in made[25:]]
    assert "?tag=R%26D" in client.get("/").text
    assert "No job fits" in client.get("/?text=nothing+of+this+kind").text
    for wrong in ("sort=value", "state=NOPE", "text=%00", f"tag={'x' * 201}", "before=0"):
        assert client.get(f"/?{wrong}").status_code == 422
