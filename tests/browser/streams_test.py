"""Many live pages at once, and streams that end, over HTTP/1.1 with its six connections."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Browser, expect

from service.jobs import commands
from tests.support import seeding
from tests.support.live_server import Server
from tests.support.tabs import PATIENCE_MS, STREAMS, calm_context, open_tab, until

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE_MS)

IS_OPEN = "window.streams.some((s) => s.readyState === 1)"
N_PAGES, MOST = 8, 3


def test_the_eighth_live_page_loads_and_stays_live(chromium: Browser, server: Server) -> None:
    jobs = [seeding.submit(server.database, f"job {n}") for n in range(N_PAGES)]
    context = calm_context(chromium)
    context.add_init_script(STREAMS)
    # Six streams would keep the seventh page from loading at all.
    pages = [open_tab(context, server.url).open(f"/jobs/{job.id}") for job in jobs]
    for page, job in zip(pages, jobs, strict=True):
        commands.pause(server.database, job.id)
        expect(page.locator("#state")).to_have_text("Paused")
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while sum(page.evaluate(IS_OPEN) for page in pages) != MOST:
        assert time.monotonic() < deadline
        pages[0].wait_for_timeout(50)
    for page in pages[:-1]:
        page.close()
    until(pages[-1], IS_OPEN)  # it takes a place that was given back
    context.close()


def test_a_foreign_reader_of_a_finished_job_asks_twice(chromium: Browser, server: Server) -> None:
    job = seeding.failed(server.database)
    context = calm_context(chromium)
    tab = open_tab(context, server.url)
    page = tab.open("/datasets")
    page.evaluate(f"window.source = new EventSource('/v1/jobs/{job.id}/events')")
    until(page, "source.readyState === 2")  # it has given up: 204
    assert sum("/events" in url for url in tab.urls) <= 2
    context.close()
