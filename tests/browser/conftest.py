"""A real server on a free loopback port, and Debian's Chromium."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from api.app import create_app
from service.records import Job
from service.settings import Settings
from service.storage.database import Database
from tests.support import seeding

ARGS = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--no-first-run"]
PATIENCE_MS = 60_000


class Server:
    """uvicorn in a thread; it can be stopped and started again on the same port."""

    def __init__(self, database: Database, data_dir: Path) -> None:
        self.database = database
        self.app = create_app(Settings(data_dir=data_dir), database)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        config = uvicorn.Config(
            self.app, port=self.port, log_level="warning", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive(), "the server did not start"
            time.sleep(0.02)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()


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


@dataclass
class Tab:
    """A page, with everything it complained about or asked for."""

    page: Page
    origin: str
    complaints: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self._note(request.url))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _note(self, url: str) -> None:
        self.urls.append(url)
        if not url.startswith((self.origin + "/", "data:", "blob:")):
            self.foreign.append(url)

    def open(self, path: str) -> Page:
        self.page.goto(self.origin + path)
        return self.page


def until(page: Page, expression: str) -> None:
    """Wait until a script's expression is true.

    Playwright's own wait_for_function polls with eval, which the pages' policy forbids.
    """
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, f"never became true: {expression}"
        page.wait_for_timeout(50)


def open_tab(context: BrowserContext, origin: str) -> Tab:
    return Tab(context.new_page(), origin)
