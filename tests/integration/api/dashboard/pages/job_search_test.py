"""The page that looks into a search: jobs in every state, and addresses made up by hand."""

from __future__ import annotations

import math
import re
import threading
import time

import pytest
from starlette.testclient import TestClient

from api.dashboard.searches import importance, search_view
from api.dashboard.searches.importance import Importance
from service.states import JobState
from service.storage.database import Database
from tests.support import seeding
from tests.support.specs import PHOTOS, submit

FIGURES = ("boxes", "hull", "parallel", "slices", "contour", "importance", "fidelity")
FUNCTION = {
    "name": "branin", "task": {"kind": "function", "name": "branin"},
    "samplers": ["direct_l", "random"], "budget": {"n_trials": 15},
}  # fmt: skip


def test_a_search_by_direct_shows_its_boxes_and_another_says_that_it_has_none(
    client: TestClient, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = f"/jobs/{seeding.simulated(sqlite_database, FUNCTION).id}"
    page = client.get(f"{at}/search").text
    assert re.search(r'id="iteration" type="range" name="iteration" min="0" max="(\d+)"', page)
    assert "15 boxes" in page
    assert "divide no box" not in page
    early = client.get(f"{at}/search", params={"iteration": 1}).text
    assert "5 boxes; 1 of them is divided next" in early
    for name in FIGURES[:5]:
        figure = client.get(f"{at}/figures/{name}?theme=dark").json()
        assert set(figure) == {"data", "layout"}
        assert client.get(f"{at}/figures/{name}?format=csv").text.count("\n") > 5
    other = client.get(f"{at}/search?study=random").text
    assert "random divides no boxes" in other
    assert client.get(f"{at}/figures/boxes?study=random").json() is None
    brushed = client.get(f"{at}/search", params={"max_value": "20", "p.x[0]": "0.4.."})
    link = re.search(r'href="([^"]*)">Show them in the table', brushed.text)
    assert link is not None
    shown = f"{at}/{link.group(1).partition(f'{at[1:]}/')[2]}".replace("&amp;", "&")
    table = client.get(shown)
    assert table.status_code == 200
    n_selected = re.search(r'id="selected" data-live>(\d+) trials', brushed.text)
    assert n_selected is not None
    assert table.text.count('data-trial="') == int(n_selected.group(1))
    # Of a large search some are looked at: the page and its figures say which.
    monkeypatch.setattr(search_view, "MOST_POINTS", 10)
    large = f"/jobs/{seeding.simulated(sqlite_database, FUNCTION).id}"
    # Its results are known from the first job, so that how many run ahead varies from run to run.
    listed = client.get(f"/v1{large}/trials", params={"study": "direct_l", "phase": "all"}).json()
    n_trials = len(listed["items"])
    n_even = math.ceil(n_trials / math.ceil(n_trials / 8))  # a quarter of the ten are the best
    page = client.get(f"{large}/search").text
    words = "trials of this search are looked at: the best, and"
    assert re.search(rf"\d+ of the {n_trials} {words} {n_even} even", page)
    assert "Boxes are those of the first 10 trials of the sequence" in page
    assert "9 boxes" in page
    drawn = client.get(f"{large}/figures/parallel").json()
    assert f"of the search's {n_trials} trials are shown" in drawn["layout"]["meta"]["caption"]


def test_a_selection_by_unrounded_ends_is_the_same_in_the_table(
    client: TestClient, sqlite_database: Database
) -> None:
    at = f"/jobs/{seeding.simulated(sqlite_database, FUNCTION).id}"
    listed = client.get(f"/v1{at}/trials", params={"study": "random"}).json()["items"]
    value = sorted(one["value"] for one in listed)[4]
    query = {"study": "random", "min_value": repr(value), "max_value": repr(value)}
    page = client.get(f"{at}/search", params=query).text
    assert ">1 trial selected" in page
    assert f'name="min_value" inputmode="decimal" value="{value!r}"' in page
    link = re.search(r'href="([^"]*)">Show them in the table', page)
    assert link is not None
    shown = f"{at}/{link.group(1).partition(f'{at[1:]}/')[2]}".replace("&amp;", "&")
    assert client.get(shown).text.count('data-trial="') == 1


def test_the_page_changes_when_the_importance_arrives(
    client: TestClient, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_let = threading.Event()
    found = Importance(fault="it was asked")

    def answer(_: object) -> Importance:
        is_let.wait(10.0)
        return found

    monkeypatch.setattr(importance, "answer_to", answer)
    spec = {**FUNCTION, "budget": {"n_trials": 25}}
    at = f"/jobs/{seeding.simulated(sqlite_database, spec).id}/search"
    first = client.get(at)
    assert "It is being computed." in first.text
    tagged = {"If-None-Match": first.headers["etag"]}
    assert client.get(at, headers=tagged).status_code == 304
    is_let.set()
    answered = client.get(at, headers=tagged)
    for _ in range(200):
        if answered.status_code == 200:
            break
        time.sleep(0.01)
        answered = client.get(at, headers=tagged)
    assert 'data-empty="it was asked"' in answered.text


def test_jobs_in_every_state_have_a_page(client: TestClient, sqlite_database: Database) -> None:
    for job in seeding.seed_all(sqlite_database).values():
        answer = client.get(f"/jobs/{job.id}/search")
        assert answer.status_code == 200, job.name
        if "divides no boxes" not in answer.text:
            has_boxes = client.get(f"/jobs/{job.id}/figures/boxes").json() is not None
            state = client.get(f"/v1/jobs/{job.id}").json()["state"]
            may_have = has_boxes or not JobState(state).is_final
            assert ('id="iteration" type="range"' in answer.text) is may_have, job.name
        for name in FIGURES:
            assert client.get(f"/jobs/{job.id}/figures/{name}").status_code == 200


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("study=<b>", "There is no search &#39;&lt;b&gt;&#39;"),
        ("x=none", "no coordinate"),
        ("iteration=x", "not a number from 0"),
        ("p.x0=3..%3Cscript%3E", "written as low..high"),
    ],
)
def test_what_is_wrong_in_an_address_is_said(client: TestClient, query: str, words: str) -> None:
    job_id = submit(client, FUNCTION)
    page = client.get(f"/jobs/{job_id}/search?{query}")
    assert page.status_code == 200
    assert words in page.text
    assert client.get(f"/jobs/{job_id}/search?secret=1").status_code == 422


def test_a_job_without_a_search_of_points_says_so(client: TestClient) -> None:
    job_id = submit(client, {**PHOTOS, "samplers": ["gradient"], "controls": ["uniform"]})
    page = client.get(f"/jobs/{job_id}/search").text
    assert "This job has no search with points of its own" in page
    assert 'data-figure="' not in page
    assert all(client.get(f"/jobs/{job_id}/figures/{n}").json() is None for n in FIGURES)
