"""The table of trials on the page of a job."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from api.dashboard.pages import job_trials
from api.trial_query import values_of
from service.storage import studies, trials
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


def shown(page: str) -> list[int]:
    return [int(i) for i in re.findall(r'data-trial="(\d+)"', page)]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
def test_windows_join_seamlessly_in_every_order(
    client: TestClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_trials, "WINDOW", 20)
    job = seeding.succeeded(database)
    at = f"/jobs/{job.id}/trials"
    with database.read() as session:
        every = [trial.id for trial in trials.of_job(session, job.id)]
    assert len(every) > 2 * job_trials.WINDOW
    for sort in ("", "value", "-training", "study"):
        page = client.get(at, params={"sort": sort}).text
        first = shown(page)
        seen, until = list(first), ""
        while (following := re.search(r'data-following="([^"]+)"', page)) is not None:
            until = until or following.group(1)
            page = client.get(
                f"{at}/rows", params={"sort": sort, "cursor": following.group(1)}
            ).text
            seen += shown(page)
        assert sorted(seen) == every
        assert sort or seen == every[::-1]
        # What a tab that has added rows asks for: as before, up to where the added ones begin.
        assert shown(client.get(at, params={"sort": sort, "until": until}).text) == first


def test_the_address_has_filters_order_and_columns(
    client: TestClient, sqlite_database: Database
) -> None:
    job = seeding.succeeded(sqlite_database)
    with sqlite_database.read() as session:
        every = trials.of_job(session, job.id)
        own = {study.id: study.name for study in studies.of_job(session, job.id)}
    searched = [t for t in every if t.phase == "search" and own[t.study_id] == "direct_l"]
    lows = sorted(searched, key=lambda t: (t.value, t.id))
    query = {"study": "direct_l", "phase": "search", "sort": "value", "columns": "value"}
    page = client.get(f"/jobs/{job.id}/trials", params=query).text
    assert shown(page) == [trial.id for trial in lows]
    assert 'aria-sort="ascending"' in page
    assert page.count('data-label="Value"') == len(lows)
    assert 'data-label="Params"' not in page
    assert "sort=-value" in page  # the title of the column sorts the other way
    name, value = next(
        (name, value) for name, value in values_of(lows[0].params) if isinstance(value, float)
    )
    page = client.get(f"/jobs/{job.id}/trials", params={**query, f"p.{name}": f"{value}.."}).text
    assert lows[0].id in shown(page)
    assert "No trial fits this" in client.get(f"/jobs/{job.id}/trials?text=nothing").text
    # The file that the page links to has the same trials.
    link = re.search(r'href="\.\./\.\.(/v1/jobs/\d+/trials\?[^"]*format=csv)"', page)
    assert link is not None
    rows = client.get(link.group(1).replace("&amp;", "&")).text.splitlines()
    assert len(rows) - 1 == len(shown(page))
    jumped = client.get(f"/jobs/{job.id}/trials?sort=value&from_number=3&columns=").text
    assert 'data-label="Params"' in jumped  # the columns of an address that names none
    assert '<option value="value" selected>' in jumped  # the chosen order is kept
    back = re.search(r'href="[^"]*/trials(\?[^"]*)">Back to all, lowest value first', jumped)
    assert back is not None
    assert back.group(1) == "?sort=value"
    assert "trials?sort=-training" not in jumped
    assert "from_number" not in re.findall(r'href="[^"]*(\?[^"]*sort=training)"', jumped)[0]
    for wrong in ("columns=secret", "sort=best", "p.none=1", "before=3"):
        assert client.get(f"/jobs/{job.id}/trials?{wrong}").status_code == 422
