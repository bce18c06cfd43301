"""Pages in a browser, each with everything that it complained about or asked for."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    Request,
    ViewportSize,
)

PATIENCE_MS = 60_000
VIEWPORT: ViewportSize = {"width": 1280, "height": 900}
# An init script: `window.streams` has every event stream that the page opens.
STREAMS = """const Real = window.EventSource; window.streams = [];
window.EventSource = class extends Real { constructor(...a) { super(...a); streams.push(this); } };
"""


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
        self.page.on("pageerror", self._complain)
        self.page.on("request", self._note)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _complain(self, error: Error) -> None:
        self.complaints.append(str(error))

    def _note(self, request: Request) -> None:
        url = request.url
        self.urls.append(url)
        if not url.startswith((self.origin + "/", "data:", "blob:")):
            self.foreign.append(url)

    def open(self, path: str) -> Page:
        self.page.goto(self.origin + path)
        return self.page

    def leave(self) -> None:
        """Leave the page as a new one is: blank, of the usual size, with nothing in its stores."""
        for name, heard in (
            ("console", self._hear), ("pageerror", self._complain), ("request", self._note)
        ):  # fmt: skip
            self.page.remove_listener(name, heard)
        self.page.unroute_all(behavior="ignoreErrors")
        with suppress(Error):  # a page that could not be loaded has no stores
            self.page.evaluate("localStorage.clear(); sessionStorage.clear()")
        self.page.goto("about:blank")
        self.page.context.clear_cookies()
        self.page.set_viewport_size(VIEWPORT)
        self.page.emulate_media(color_scheme="light", reduced_motion="reduce")


Visit = Callable[[str], Tab]


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


def calm_context(chromium: Browser, **options: Any) -> BrowserContext:
    """Open a context whose pages stand still: without a GPU every frame costs the CPU."""
    return chromium.new_context(reduced_motion="reduce", **options)
