"""A real server on a free loopback port, and Debian's Chromium."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from service.records import Job
from service.storage.database import Database
from tests.support import seeding
from tests.support.live_server import Server
from tests.support.tabs import VIEWPORT, Tab, Visit, calm_context

ARGS = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--no-first-run"]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser for each file: Playwright's event loop runs on this thread until it is closed."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def kept_page(chromium: Browser) -> Iterator[Page]:
    """One page for the tests of a file: a new context starts a process, and reads all scripts."""
    context = calm_context(chromium, viewport=VIEWPORT)
    yield context.new_page()
    context.close()


@pytest.fixture
def visit(kept_page: Page) -> Iterator[Visit]:
    """Open the file's page at a server, as if it were new; named after `server`, it ends first."""
    tabs: list[Tab] = []

    def opened(origin: str) -> Tab:
        assert not tabs
        tabs.append(Tab(kept_page, origin))
        return tabs[0]

    yield opened
    for tab in tabs:
        tab.leave()


@pytest.fixture(scope="session")
def seeded(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, dict[str, Job]]]:
    """A server with a job of each kind, which tests only look at."""
    folder = tmp_path_factory.mktemp("seeded")
    shutil.copy(sqlite_template, folder / "densearch.sqlite3")
    database = Database(f"sqlite:///{folder / 'densearch.sqlite3'}")
    server = Server(database, folder)
    found = seeding.seed_all(database)
    server.start()
    yield server, found
    server.stop()
    database.close()


@pytest.fixture
def server(sqlite_database: Database, tmp_path: Path) -> Iterator[Server]:
    """An empty server of the test's own."""
    server = Server(sqlite_database, tmp_path)
    server.start()
    yield server
    server.stop()
