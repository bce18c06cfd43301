"""Jobs side by side, a trial, the system, and tags: clean pages that lead to one another."""

from __future__ import annotations

import pytest

from service.records import Job
from service.storage import trials
from service.storage.database import Database
from tests.support import seeding
from tests.support.live_server import Server
from tests.support.looks import check_looks
from tests.support.tabs import Visit, until

pytestmark = pytest.mark.browser

DRAWN = "document.querySelector('[data-drawn] svg.main-svg') !== null"


@pytest.mark.parametrize("name", ["compare", "system", "trial"])
def test_pages_are_clean_whatever_they_show(
    seeded: tuple[Server, dict[str, Job]], name: str, visit: Visit
) -> None:
    server, found = seeded
    searched = found["searched"].id
    with server.database.read() as session:
        first = trials.of_job(session, searched)[0]
    ids = ",".join(str(found[one].id) for one in ("searched", "succeeded", "running", "waiting"))
    paths = {
        "compare": f"/compare?jobs={ids}",
        "system": "/system",
        "trial": f"/jobs/{searched}/trials/{first.id}",
    }
    tab = visit(server.url)
    page = tab.open(paths[name])
    if name != "system":
        until(page, DRAWN)
    for details in page.query_selector_all("summary"):
        details.click()
    check_looks(page, n_texts=15)
    assert tab.complaints == []
    assert tab.foreign == []


def test_ticked_jobs_are_compared_and_ticks_survive_an_update(
    seeded: tuple[Server, dict[str, Job]], visit: Visit
) -> None:
    server, found = seeded
    tab = visit(server.url)
    page = tab.open("/")
    for name in ("searched", "succeeded"):
        page.get_by_label(f"Compare job {found[name].id}", exact=True).check()
    with page.expect_response(lambda answer: answer.url.endswith("/")):
        pass  # the list has updated itself
    page.get_by_role("button", name="Compare the ticked jobs").click()
    until(page, DRAWN)
    assert "2 jobs side by side" in page.inner_text("h1")
    assert tab.complaints == []


def test_a_job_is_tagged_on_its_page_and_found_in_the_list(
    server: Server, sqlite_database: Database, visit: Visit
) -> None:
    tagged = seeding.submit(sqlite_database, "tagged", n_trials=1)
    seeding.submit(sqlite_database, "other", n_trials=1)
    tab = visit(server.url)
    page = tab.open(f"/jobs/{tagged.id}")
    page.get_by_role("button", name="Tags and note…").click()
    page.get_by_label("Tags, with commas between them").fill("paper, R&D")
    page.get_by_label("Note", exact=True).fill("<b>by hand</b>")
    page.get_by_role("button", name="Save").click()
    until(page, "document.getElementById('written').innerText.includes('<b>by hand</b>')")
    page.get_by_role("link", name="R&D").click()
    page.wait_for_selector(f"#job-{tagged.id}")
    assert page.locator("#jobs tbody tr").count() == 1
    assert page.get_by_role("combobox", name="Tag").input_value() == "R&D"
    assert tab.complaints == []
