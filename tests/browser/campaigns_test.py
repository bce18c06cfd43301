"""The pages of campaigns in Chromium: readable in both schemes at both widths, and live."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from service.campaigns import commands
from service.storage.database import Database
from tests.support import seeded_campaigns
from tests.support.live_server import Server
from tests.support.looks import check_looks
from tests.support.tabs import calm_context, open_tab, until

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("name", ["list", "tasks", "radii"])
def test_pages_are_clean(
    chromium: Browser, server: Server, sqlite_database: Database, name: str
) -> None:
    tasks = seeded_campaigns.of_tasks(sqlite_database)
    made = seeded_campaigns.of_radii(sqlite_database) if name == "radii" else tasks
    context = calm_context(chromium)
    tab = open_tab(context, server.url)
    page = tab.open("/campaigns" if name == "list" else f"/campaigns/{made.id}")
    for details in page.query_selector_all("summary"):
        details.click()
    check_looks(page, n_texts=10)
    assert tab.complaints == []
    assert tab.foreign == []
    context.close()


def test_a_page_follows_its_campaign(
    chromium: Browser, server: Server, sqlite_database: Database
) -> None:
    base = {"task": {"kind": "function", "name": "sphere"}, "budget": {"n_trials": 1}}
    made = seeded_campaigns.submit(sqlite_database, "live", base, {"seed": [0, 1]})
    context = calm_context(chromium)
    page = open_tab(context, server.url).open("/campaigns")
    page.click("text=live")
    until(page, "document.querySelector('#progress').textContent.includes('2 queued')")
    commands.cancel(sqlite_database, made.id)
    until(page, "document.querySelector('#progress').textContent.includes('2 cancelled')")
    until(page, "document.querySelector('#cell-1').textContent.includes('Cancelled')")
    context.close()
