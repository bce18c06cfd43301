"""The pages of campaigns: what has ended, what has not, what is gone; escaped, and linked."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from api.dashboard.pages import campaigns as pages
from service.campaigns import commands
from service.storage.database import Database
from tests.support import seeded_campaigns
from tests.support.seeding import HOSTILE


def test_an_empty_list_says_what_to_do_next(client: TestClient) -> None:
    assert "densearch campaigns submit examples/campaign.json" in client.get("/campaigns").text


def test_the_list_shows_campaigns_in_pages(client: TestClient, database: Database) -> None:
    base = {"task": {"kind": "function", "name": "sphere"}, "budget": {"n_trials": 1}}
    ids = [seeded_campaigns.submit(database, f"c {n}", base, {"seed": [0]}).id for n in range(27)]
    first = client.get("/campaigns").text
    assert re.findall(r'id="campaign-(\d+)"', first) == [str(i) for i in ids[::-1][:25]]
    older = re.search(r'rel="next" href="\./([^"]+)"', first)
    assert older is not None
    second = client.get(f"/{older.group(1)}").text
    assert re.findall(r'id="campaign-(\d+)"', second) == [str(ids[1]), str(ids[0])]
    assert "1 queued" in first


def test_a_campaign_shows_each_cell_and_what_they_found(
    client: TestClient, database: Database
) -> None:
    made = seeded_campaigns.of_tasks(database, HOSTILE)
    page = client.get(f"/campaigns/{made.id}").text
    assert "<img src=x" not in page
    assert "4 succeeded, 1 failed, 1 deleted" in page
    assert "Over 3 test splits (4 of 6 cells)" in page
    assert page.count('class="dot" cx') == 4
    assert "Mean over 3 test splits" in page
    assert "Expected on another task" in page
    assert page.count('href="../jobs/') == 5  # the sixth was deleted
    assert "network.kernel_size" in page


def test_orders_stand_on_the_page_with_what_they_do(
    client: TestClient, database: Database
) -> None:
    base = {"task": {"kind": "function", "name": "sphere"}, "budget": {"n_trials": 1}}
    matrix = {"seed": [0, 1, 2], "repeats": [1]}
    made = seeded_campaigns.submit(database, "c", {**base, "samplers": ["random"]}, matrix)
    cancel = '<button type="button" class="button danger" data-action="cancel"'
    page = client.get(f"/campaigns/{made.id}").text
    assert f"{cancel}>" in page
    assert "No dispatcher is running" in page
    assert "seed: 1 new job for each value" in page
    assert "repeats: 3 new jobs for each value" in page
    assert {"cancel", "extend", "delete"} == set(re.findall(r'data-order="(\w+)"', page))
    commands.cancel(database, made.id)
    page = client.get(f"/campaigns/{made.id}").text
    assert f"{cancel} disabled>" in page
    assert "No dispatcher is running" not in page  # nothing waits for one


def test_the_radius_question_has_a_chart(client: TestClient, database: Database) -> None:
    made = seeded_campaigns.of_radii(database)
    page = client.get(f"/campaigns/{made.id}").text
    assert "training samples the best radius changes by -" in page
    assert "no optimum to speak of" in page
    assert page.count("<circle") == 7
    assert "width 8" in page


def test_jobs_lead_to_their_campaign(client: TestClient, database: Database) -> None:
    made = seeded_campaigns.of_tasks(database)
    assert f'href="./campaigns/{made.id}"' in client.get("/").text
    assert f'href="../campaigns/{made.id}"' in client.get("/jobs/4").text


def test_a_long_table_is_cut(
    client: TestClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = seeded_campaigns.of_tasks(database)
    monkeypatch.setattr(pages, "CELLS_SHOWN", 4)
    page = client.get(f"/campaigns/{made.id}").text
    assert "And 2 more cells" in page
    assert page.count('<tr id="cell-') == 4


def test_a_campaign_that_is_not_there_is_said_to_be_missing(client: TestClient) -> None:
    answer = client.get("/campaigns/5")
    assert answer.status_code == 404
    assert "there is no campaign 5" in answer.text
