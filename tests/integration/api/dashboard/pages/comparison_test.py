"""Jobs side by side: what differs, what may be compared, and addresses made up by hand."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.dashboard.formats import NONE
from api.dashboard.pages.comparison import differences
from service.jobs import commands
from service.storage.database import Database
from service.storage.tables import JobRow
from tests.support import seeding


@pytest.fixture
def seeded(database: Database) -> list[int]:
    return sorted(job.id for job in seeding.seed_all(database).values())


def cells(page: str, row: str) -> list[str]:
    """Return the text of a row's cells."""
    found = re.search(rf'<th scope="row">{row}</th>(.*?)</tr>', page, flags=re.DOTALL)
    assert found is not None
    return [
        re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td>(.*?)</td>", found[1])
    ]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
def test_every_seeded_job_stands_beside_the_others(client: TestClient, seeded: list[int]) -> None:
    page = client.get("/compare", params={"jobs": ",".join(map(str, seeded))})
    assert page.status_code == 200
    for job_id in seeded:
        assert f'href="./jobs/{job_id}"' in page.text
    assert "<img src=x" not in page.text
    assert len(cells(page.text, "State")) == len(seeded)
    figure = client.get("/compare/figure", params={"jobs": seeded}).json()
    assert len(figure["data"]) >= 3


def test_only_what_differs_is_listed_and_a_job_is_counted_once(
    client: TestClient, database: Database
) -> None:
    one = seeding.submit(database, "one")
    other = seeding.submit(database, "other", training={"lr": 0.1, "epochs": 4})
    page = client.get(f"/compare?jobs={one.id}&jobs={other.id},{one.id}").text
    assert "2 jobs side by side" in page
    assert cells(page, "<code>training.lr</code>") == ["0.05", "0.1"]
    assert "task.kind" not in page
    assert "Not the same task" not in page
    clone = commands.clone(database, one.id, {"name": "the same"})
    assert "Nothing but their names" in client.get(f"/compare?jobs={one.id},{clone.id}").text


@pytest.mark.parametrize(
    ("changes", "is_same"),
    [({"n_train": 2}, True), ({"patch_px": 32}, True), ({"noise_sigma": 50.0}, False)],
)
def test_losses_of_other_noise_are_not_compared(
    client: TestClient, database: Database, changes: dict[str, Any], is_same: bool
) -> None:
    one = seeding.submit(database, "one")
    other = seeding.submit(database, "two", task={**seeding.spec("")["task"], **changes})
    page = client.get(f"/compare?jobs={one.id},{other.id}").text
    assert ("Not the same task" in page) is not is_same


def test_addresses_made_up_by_hand_are_answered_in_words(
    client: TestClient, seeded: list[int]
) -> None:
    nine = ",".join(map(str, range(1, 10)))
    odd = (
        "jobs=1,x",
        "jobs=1,%00",
        "jobs=-1,2",
        "jobs=0,1",
        f"jobs=1,{'9' * 5000}",
        "jobs=1,%C2%B2",
    )
    for query in ("", "jobs=1", "jobs=1,1", f"jobs={nine}", *odd):
        page = client.get(f"/compare?{query}", headers={"accept": "text/html"})
        assert page.status_code == 422
        assert ("is no number of a job" in page.text) == (query in odd)
        assert "2 to 8 jobs" in page.text
        assert client.get(f"/compare/figure?{query}").json() is None
    missing = client.get(f"/compare?jobs={seeded[0]},999")
    assert missing.status_code == 404
    assert "no job 999" in missing.text
    assert client.get("/compare/figure?jobs=1,999").json() is None


def test_an_interval_of_losses_begins_at_0_and_further_arms_are_counted(
    client: TestClient, database: Database
) -> None:
    job, other = seeding.succeeded(database), seeding.submit(database, "other")
    with database.write() as session:
        row = session.get_one(JobRow, job.id)
        report = row.report or {}
        arms = deepcopy(report["arms"])
        for arm in arms:
            arm["test"] |= {"loss_sd": 9.0, "n": 2}
        row.report = report | {"arms": arms}
    page = client.get(f"/compare?jobs={job.id},{other.id}").text
    shown, missing = cells(page, "Test losses")
    n_shown = shown.count("cut at 0, which no loss is below")
    assert f"and {len(arms) - n_shown} more arms" in " ".join(shown.split())
    assert shown.count("[0,") == n_shown > 0
    assert missing == "not judged"


def test_a_path_that_one_spec_lacks_is_a_difference() -> None:
    specs = [
        {"name": "a", "samplers": [{"name": "tpe"}], "x": [1, 2], "y": {"z": None}},
        {"name": "b", "samplers": [{"name": "tpe", "n": 3}], "x": [1, 3], "y": {"z": True}},
    ]
    found = dict(differences(specs))
    assert found == {
        "x": ["[1, 2]", "[1, 3]"],
        "samplers.tpe.n": [NONE, "3"],
        "y.z": [NONE, "true"],
    }
    assert list(differences([specs[0], specs[0]])) == []
