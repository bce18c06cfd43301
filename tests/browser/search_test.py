"""A search is looked into: iterations by the keyboard, a brush, and both after a reload."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.support import seeding
from tests.support.live_server import Server
from tests.support.looks import check_looks
from tests.support.tabs import PATIENCE_MS, calm_context, open_tab, until

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE_MS)

SEARCH = {
    "name": "branin", "task": {"kind": "function", "name": "branin"},
    "samplers": ["direct_l"], "budget": {"n_trials": 31},
}  # fmt: skip
N_BOXES = "document.getElementById('figure-boxes').data?.[0].x.length"


def test_a_search_is_looked_into(
    chromium: Browser, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    shares: dict[str, Any] = {"shares": [0.6, 0.4], "lows": [0.4, 0.2], "highs": [0.8, 0.6]}
    from api.dashboard.searches import importance

    monkeypatch.setattr(importance, "answer_to", lambda _: importance.Importance(**shares))
    job = seeding.simulated(server.database, SEARCH)
    context = calm_context(chromium)
    tab = open_tab(context, server.url)
    page = tab.open(f"/jobs/{job.id}/search")
    until(page, f"{N_BOXES} === 31")
    slider = page.get_by_label("Iterations of DIRECT-L")
    slider.focus()
    page.keyboard.press("Home")
    until(page, f"{N_BOXES} === 1")
    page.keyboard.press("ArrowRight")
    until(page, f"{N_BOXES} === 5")
    assert "iteration=1" in page.url
    page.get_by_text("Select trials by their settings").click()
    page.get_by_label("Value to").fill("20")
    page.get_by_role("button", name="Select", exact=True).click()
    expect(page.locator("#selected")).not_to_contain_text("31 trials")
    assert "max_value=20" in page.url
    page.reload()
    until(page, f"{N_BOXES} === 5")
    expect(page.get_by_label("Value to")).to_have_value("20")
    page.wait_for_selector("#figure-importance[data-drawn]")
    check_looks(page, n_texts=20)
    assert tab.complaints == []
    assert tab.foreign == []
    context.close()
