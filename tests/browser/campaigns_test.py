"""The pages of campaigns in Chromium: readable in both schemes at both widths, and live."""

from __future__ import annotations

import pytest

from service.campaigns import commands
from service.storage.database import Database
from tests.support import seeded_campaigns
from tests.support.live_server import Server
from tests.support.looks import check_looks
from tests.support.tabs import Visit, until

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("name", ["list", "tasks", "radii"])
def test_pages_are_clean(
    server: Server, sqlite_database: Database, name: str, visit: Visit
) -> None:
    tasks = seeded_campaigns.of_tasks(sqlite_database)
    made = seeded_campaigns.of_radii(sqlite_database) if name == "radii" else tasks
    tab = visit(server.url)
    page = tab.open("/campaigns" if name == "list" else f"/campaigns/{made.id}")
    for details in page.query_selector_all("summary"):
        details.click()
    check_looks(page, n_texts=10)
    assert tab.complaints == []
    assert tab.foreign == []


def test_a_page_follows_its_campaign(
    server: Server, sqlite_database: Database, visit: Visit
) -> None:
    base = {"task": {"kind": "function", "name": "sphere"}, "budget": {"n_trials": 1}}
    made = seeded_campaigns.submit(sqlite_database, "live", base, {"seed": [0, 1]})
    page = visit(server.url).open("/campaigns")
    page.click("text=live")
    until(page, "document.querySelector('#progress').textContent.includes('2 queued')")
    commands.cancel(sqlite_database, made.id)
    until(page, "document.querySelector('#progress').textContent.includes('2 cancelled')")
    until(page, "document.querySelector('#cell-1').textContent.includes('Cancelled')")


def test_a_campaign_is_extended_cancelled_and_deleted_on_its_page(
    server: Server, sqlite_database: Database, visit: Visit
) -> None:
    base = {"task": {"kind": "function", "name": "sphere"}, "budget": {"n_trials": 1}}
    made = seeded_campaigns.submit(sqlite_database, "ordered", base, {"seed": [0, 1]})
    tab = visit(server.url)
    page = tab.open(f"/campaigns/{made.id}")
    page.click("[data-action=extend]")
    page.fill("#extend-values", "[-1]")
    page.click("#extend-dialog [value=go]")
    page.wait_for_selector("#extend-dialog [role=alert]:not([hidden])")
    assert "/values/0" in page.inner_text("#extend-dialog [role=alert]")
    page.fill("#extend-values", "[1, 2]")
    page.click("#extend-dialog [value=go]")
    until(page, "document.querySelector('#progress').textContent.includes('3 queued')")
    page.click("[data-action=cancel]")
    page.click("#cancel-dialog [value=go]")
    until(page, "document.querySelector('#progress').textContent.includes('3 cancelled')")
    page.click("[data-action=delete]")
    page.select_option("#delete-jobs", "true")
    page.click("#delete-dialog [value=go]")
    page.wait_for_url(f"{server.url}/campaigns")
    page.goto(f"{server.url}/")
    assert "ordered" not in page.inner_text("main")
