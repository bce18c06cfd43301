"""The pages of data sets are as clean as those of jobs, and show what was stored."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from service.settings import Settings
from tests.support.datasets import making
from tests.support.datasets.importing import add
from tests.support.live_server import Server
from tests.support.looks import check_looks
from tests.support.seeding import HOSTILE
from tests.support.tabs import calm_context, open_tab

pytestmark = pytest.mark.browser


def _store(server: Server, data_dir: Path, name: str, content: bytes) -> int:
    return add(server.database, Settings(data_dir=data_dir), content, name).id


def test_pages_of_data_sets_are_clean(chromium: Browser, server: Server, tmp_path: Path) -> None:
    files = making.class_files(12, ("cat", HOSTILE.replace("/", "-")))
    labelled = _store(server, tmp_path, HOSTILE, making.zipped(files))
    _store(server, tmp_path, "pairs", making.zipped(making.pair_files()))
    context = calm_context(chromium)
    tab = open_tab(context, server.url)
    page = tab.page
    for path in ("/datasets", f"/datasets/{labelled}"):
        tab.open(path)
        check_looks(page)
    assert page.inner_text("h1") == HOSTILE
    sheet = "document.querySelector('.sheet')"
    assert page.evaluate(f"{sheet}.complete && {sheet}.naturalWidth > 300")
    assert page.locator("#splits tbody tr").count() == 3
    assert page.locator("main img").count() == 1
    tab.open("/").get_by_role("link", name="Data sets").click()
    page.wait_for_url("**/datasets")
    assert page.locator("#datasets tbody tr").count() == 2
    tab.open(f"/datasets/{labelled}").get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete the data set").click()
    page.wait_for_url("**/datasets")
    assert page.locator("#datasets tbody tr").count() == 1
    assert tab.complaints == []
    assert tab.foreign == []
    context.close()
