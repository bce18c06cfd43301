"""The dashboard behind a reverse proxy: below a path, with TLS, by the documented files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from service.jobs import commands
from service.storage.database import Database
from tests.support import nginx, seeding
from tests.support.datasets import making
from tests.support.live_server import Server
from tests.support.ports import free_port
from tests.support.prefix_proxy import prefix_proxy
from tests.support.tabs import PATIENCE_MS, STREAMS, Tab, calm_context, open_tab, until

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE_MS)


@contextmanager
def published(database: Database, folder: Path, public_url: str, port: int) -> Iterator[Server]:
    server = Server(database, folder, public_url)
    server.port = port
    server.start()
    try:
        yield server
    finally:
        server.stop()


def opened(chromium: Browser, root: str, job_id: int) -> Tab:
    """Open the list below `root` (without its last slash) and follow its link to a job."""
    origin = "/".join(root.split("/")[:3])
    context = calm_context(chromium, ignore_https_errors=True, accept_downloads=True)
    context.add_init_script(STREAMS)
    tab = open_tab(context, origin)
    tab.open(root.removeprefix(origin) + "/")
    tab.page.locator(f"#job-{job_id} a").click()
    return tab


def watch(tab: Tab, server: Server, job_id: int) -> None:
    """See the figures drawn, pause the job, see an event arrive, download a density."""
    page = tab.page
    until(page, "window.streams?.some((s) => s.readyState === 1)")
    page.wait_for_selector("#figure-density[data-drawn]")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#state")).to_have_text("Paused")
    commands.resume(server.database, job_id)
    expect(page.locator("#state")).to_have_text("Running")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV", exact=True).click()
    assert download.value.path().stat().st_size > 0


def change(tab: Tab, folder: Path) -> None:
    """Store a data set, and submit a job with it."""
    page = tab.page
    page.get_by_role("link", name="Data sets").click()
    path = folder / "pets.zip"
    path.write_bytes(making.zipped(making.class_files(20)))
    page.get_by_label("File").set_input_files(path)
    page.get_by_role("button", name="Store", exact=True).click()
    expect(page.locator("h1")).to_have_text("pets")
    assert page.locator("img.sheet").evaluate("(image) => image.decode().then(() => true)")
    page.get_by_role("link", name="New job with it").click()
    page.wait_for_load_state()  # a click before the page's script is here would reload the form
    page.get_by_role("button", name="Submit").click()
    page.wait_for_url("**/jobs/2")


def close(tab: Tab, root: str) -> None:
    """See that nothing was missed, and that nothing outside the root was asked for."""
    assert (tab.complaints, tab.foreign) == ([], [])
    assert all(url.startswith((f"{root}/", "data:", "blob:")) for url in tab.urls), tab.urls
    tab.page.context.close()


# By hand: the next one, below the same prefix, does all of this, and more.
@pytest.mark.slow
def test_everything_works_below_a_prefix(
    chromium: Browser, sqlite_database: Database, tmp_path: Path
) -> None:
    port = free_port()
    with prefix_proxy(port, "/densearch") as proxy:
        root = f"{proxy.origin}/densearch"
        with published(sqlite_database, tmp_path, root, port) as server:
            job = seeding.running(server.database)
            tab = opened(chromium, root, job.id)
            watch(tab, server, job.id)
            tab.page.get_by_role("link", name="REST API").click()
            expect(tab.page.get_by_text("/v1/jobs/{job_id}/pause")).to_be_visible()
            close(tab, root)
    assert proxy.refused == []


@pytest.mark.skipif(
    nginx.PROGRAM is None and "CI" not in os.environ,
    reason="nginx is not installed: apt-get install nginx",
)
@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        pytest.param("nginx.conf", "", marks=pytest.mark.slow),
        ("nginx-prefix.conf", "/densearch"),
    ],
)
def test_everything_works_behind_nginx_with_tls(
    chromium: Browser, sqlite_database: Database, tmp_path: Path, name: str, prefix: str
) -> None:
    port, upstream = free_port(), free_port()
    root = f"https://localhost:{port}{prefix}"
    with (
        published(sqlite_database, tmp_path, root, upstream) as server,
        nginx.nginx(name, tmp_path, port=port, upstream=upstream),
    ):
        job = seeding.running(server.database)
        tab = opened(chromium, root, job.id)
        watch(tab, server, job.id)
        change(tab, tmp_path)
        tab.page.get_by_role("link", name="REST API").click()
        expect(tab.page.get_by_text("/v1/jobs/{job_id}/pause")).to_be_visible()
        close(tab, root)
