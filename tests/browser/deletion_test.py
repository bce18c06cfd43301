"""An ended job is deleted from its page, after a question whose safe answer has the focus."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from service.errors import NotFoundError
from service.storage import jobs
from tests.support import seeding
from tests.support.live_server import Server
from tests.support.tabs import PATIENCE_MS, Visit

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE_MS)


def test_a_job_is_deleted_after_a_question(server: Server, visit: Visit) -> None:
    gone = seeding.failed(server.database)
    kept = seeding.running(server.database)
    tab = visit(server.url)
    page = tab.open(f"/jobs/{gone.id}")
    ask = page.locator("button[data-action=delete]")
    dialog = page.locator("#delete-dialog")
    ask.press("Enter")
    expect(dialog).to_contain_text("2 events of its history")
    assert page.evaluate("document.activeElement.textContent") == "Keep it"
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    ask.click()
    dialog.get_by_role("button", name="Delete the job").click()
    page.wait_for_url(f"{server.url}/")
    expect(page.locator("main")).to_contain_text(kept.name)
    expect(page.locator("main")).not_to_contain_text(gone.name)
    with server.database.read() as session, pytest.raises(NotFoundError):
        jobs.get(session, gone.id)
    assert tab.complaints == []


def test_a_job_that_is_at_work_is_not_deleted(server: Server, visit: Visit) -> None:
    job = seeding.running(server.database)
    tab = visit(server.url)
    page = tab.open(f"/jobs/{job.id}")
    expect(page.locator("button[data-action=delete]")).to_be_disabled()
