"""A data set is stored from its page: sent with its options, refused in words, stopped halfway."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from service.storage import datasets
from tests.support.datasets import making
from tests.support.datasets.gates import gate
from tests.support.live_server import Server
from tests.support.looks import check_looks
from tests.support.tabs import PATIENCE_MS, Tab, Visit

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE_MS)

SCRIPT = re.compile(r"upload\.\w*\.?js")


@pytest.fixture
def tab(server: Server, visit: Visit) -> Tab:
    tab = visit(server.url)
    tab.open("/datasets")
    return tab


def choose(page: Page, folder: Path, name: str, content: bytes) -> None:
    path = folder / name
    path.write_bytes(content)
    page.get_by_label("File").set_input_files(path)


def store(page: Page) -> None:
    page.get_by_role("button", name="Store", exact=True).click()


def n_stored(server: Server) -> int:
    with server.database.read() as session:
        return len(datasets.page(session, limit=10, before=None))


def test_a_file_is_stored_with_its_options_and_trained_on(
    tab: Tab, server: Server, tmp_path: Path
) -> None:
    page = tab.page
    held: list[Route] = []
    page.route(SCRIPT, lambda route: held.append(route))  # noqa: PLW0108 - it is given attributes
    with page.expect_request(SCRIPT):
        page.reload(wait_until="commit")
    choose(page, tmp_path, "pets.v2.zip", making.zipped(making.class_files(20)))
    # Until its script is here the page could only send the form to itself.
    expect(page.get_by_role("button", name="Store", exact=True)).to_be_disabled()
    held[0].continue_()
    page.unroute(SCRIPT)
    expect(page.get_by_label("Name")).to_have_value("pets.v2")
    page.get_by_label("Name").fill("our pets")
    page.get_by_label("Test share").fill("0.5")
    store(page)
    page.wait_for_url("**/datasets/1")
    expect(page.locator("h1")).to_have_text("our pets")
    with server.database.read() as session:
        counts = datasets.get(session, 1).details["manifest"]["counts"]
    assert counts == {"train": 12, "validation": 8, "test": 20}
    page.get_by_role("link", name="New job with it").click()
    expect(page.get_by_label("Spec, as JSON")).to_have_value(
        '{\n  "name": "our pets",\n'
        '  "task": {"kind": "classification", "dataset": "stored:1"},\n'
        '  "budget": {"n_trials": 30}\n}'
    )
    tab.open("/datasets")
    expect(page.get_by_label("File")).to_be_hidden()  # folded once there is a set
    page.get_by_text("Store a data set").click()
    expect(page.get_by_label("File")).to_be_visible()
    assert tab.complaints == []
    assert tab.foreign == []


def test_a_refusal_names_the_file_and_another_try_is_possible(
    tab: Tab, server: Server, tmp_path: Path
) -> None:
    page = tab.page
    files = making.class_files(6) | {"cat/broken.png": b"no picture"}
    choose(page, tmp_path, "pets.zip", making.zipped(files))
    store(page)
    problem = page.locator("#problem")
    expect(problem).to_contain_text("cat/broken.png")
    check_looks(page)
    many = making.class_files(6) | {f"cat/<b>{i:02}</b>.png": b"" for i in range(53)}
    choose(page, tmp_path, "pets.zip", making.zipped(many))
    store(page)
    lines = problem.locator("li")
    expect(lines).to_have_count(51)  # all that the answer names, and how many more there are
    expect(lines.first.locator("code")).to_have_text("cat/<b>00</b>.png")
    expect(lines.nth(49)).to_contain_text("cat/<b>49</b>.png is empty")
    expect(lines.last).to_have_text("and 3 more")
    check_looks(page)
    page.get_by_label("Validation share").fill("0.5")
    page.get_by_label("Test share").fill("0.6")
    store(page)
    expect(problem).to_contain_text("nothing to train on")
    page.get_by_label("Test share").fill("")
    page.get_by_label("Validation share").fill("")
    choose(page, tmp_path, "pets.zip", making.zipped(making.class_files(20)))
    store(page)
    page.wait_for_url("**/datasets/1")
    assert n_stored(server) == 1
    # The refusals are the only complaints: browsers log every answer of 400 and more.
    assert all("422" in complaint for complaint in tab.complaints)


def test_an_import_shows_how_far_it_is_and_is_stopped(
    tab: Tab, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tab.page
    choose(page, tmp_path, "pets.zip", making.zipped(making.class_files(20)))
    with gate(monkeypatch) as opened:
        store(page)
        expect(page.locator("#sending-words")).to_have_text("Reading: 3 of 10 samples")
        expect(page.get_by_role("progressbar")).to_have_js_property("value", 0.3)
        page.get_by_role("button", name="Stop").click()
        expect(page.locator("#problem")).to_contain_text("Nothing was stored")
        server.app.state.importer.join_all(30)
        assert n_stored(server) == 0
        store(page)
        expect(page.locator("#sending-words")).to_have_text("Reading: 3 of 10 samples")
        opened.set()
        page.wait_for_url("**/datasets/1")
    assert n_stored(server) == 1
    assert tab.complaints == []


def test_what_is_too_large_is_not_sent(tab: Tab, tmp_path: Path) -> None:
    page = tab.page
    choose(page, tmp_path, "pets.zip", making.zipped(making.class_files(6)))
    page.locator("#upload").evaluate("(form) => { form.dataset.mostBytes = 100; }")
    store(page)
    expect(page.locator("#problem")).to_contain_text("larger than the server accepts")
    assert not any("/v1/datasets" in url for url in tab.urls)


def test_an_upload_is_stopped_and_leaves_nothing(tab: Tab, server: Server, tmp_path: Path) -> None:
    page = tab.page
    choose(page, tmp_path, "pets.zip", making.zipped(making.class_files(6)))
    page.route("**/v1/datasets*", lambda _route: None)  # as slow as can be
    store(page)
    expect(page.get_by_role("progressbar")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#problem")).to_contain_text("Nothing was stored")
    expect(page.get_by_role("button", name="Store", exact=True)).to_be_enabled()
    expect(page.get_by_role("progressbar")).to_be_hidden()
    assert n_stored(server) == 0
