"""Parameters of pages: what a page does not know, or is given twice, is refused in words."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from service.storage.database import Database
from tests.support import seeding


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/?stat=RUNNING", "stat: there is no such parameter; there are state, name"),
        ("/?state=RUNNING&state=FAILED", "state: it is given more than once"),
        ("/system?x=1", "x: there is no such parameter; this page has none"),
        ("/datasets?after=3", "after: there is no such parameter; there are before"),
        ("/campaigns?x=1&y=2", "query y: there is no such parameter"),
        ("/jobs/new?from=1&from=2", "from: it is given more than once"),
    ],
)
def test_what_a_page_does_not_know_is_named(client: TestClient, path: str, words: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]


def test_what_may_be_given_several_times_may(both: TestClient, database: Database) -> None:
    ids = [seeding.running(database).id for _ in range(2)]
    assert both.get(f"/compare?jobs={ids[0]}&jobs={ids[1]}").status_code == 200
    assert both.get("/?state=&name=&sort=name").status_code == 200
