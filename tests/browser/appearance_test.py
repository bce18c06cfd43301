"""Clean at both widths and in both schemes: no complaint, no foreign request, readable text."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from api.dashboard.figures.themes import THEMES
from api.dashboard.figures.traces import HALF_OPACITY, RANGE_OPACITY
from service.records import Job
from tests.support.live_server import Server
from tests.support.looks import check_looks
from tests.support.tabs import Visit, calm_context, open_tab, until

pytestmark = pytest.mark.browser

# Plotly.js fills each figure's box, which has room for it.
FITTING = """[...document.querySelectorAll('[data-drawn]')].every((box) => {
  const svg = box.querySelector('svg.main-svg');
  return Math.abs(svg.clientWidth - box.clientWidth) <= 1 && box.clientHeight > 200
    && Math.abs(svg.clientHeight - box.clientHeight) <= 1;
})"""


def wait_for_figures(page: Page, *names: str) -> None:
    for name in names:
        page.wait_for_selector(f"#figure-{name}[data-drawn] svg.main-svg")


@pytest.mark.parametrize(
    ("name", "tab_name", "figures"),
    [
        ("list", "", ()),
        ("running", "trials", ()),
        ("succeeded", "", ("density",)),
        ("searched", "convergence", ("convergence", "distribution", "ranks")),
        ("waiting", "files", ()),
        ("succeeded", "comparison", ("arms", "samplers")),
        ("succeeded", "densities", ("profile", "field")),
    ],
)
def test_pages_are_clean(
    seeded: tuple[Server, dict[str, Job]],
    name: str,
    tab_name: str,
    figures: tuple[str, ...],
    visit: Visit,
) -> None:
    server, found = seeded
    tab = visit(server.url)
    at = f"/{tab_name}" if tab_name else ""
    page = tab.open("/" if name == "list" else f"/jobs/{found[name].id}{at}")
    wait_for_figures(page, *figures)
    for details in page.query_selector_all("summary"):
        details.click()
    check_looks(page, n_texts=20, settle=lambda: until(page, FITTING))
    assert tab.complaints == []
    assert tab.foreign == []
    assert any("plotly" in url for url in tab.urls) == bool(figures)


def test_figures_follow_the_colour_scheme(
    chromium: Browser, seeded: tuple[Server, dict[str, Job]]
) -> None:
    server, found = seeded
    context = calm_context(chromium, color_scheme="light")
    page = open_tab(context, server.url).open(f"/jobs/{found['succeeded'].id}")
    wait_for_figures(page, "density")
    ink = "document.getElementById('figure-density').layout.font.color"
    assert page.evaluate(ink) == THEMES["light"].ink
    page.emulate_media(color_scheme="dark")
    until(page, f"{ink} === '{THEMES['dark'].ink}'")
    page.get_by_label("Colours").select_option("light")
    until(page, f"{ink} === '{THEMES['light'].ink}'")
    page.reload()  # the choice is kept
    wait_for_figures(page, "density")
    assert page.evaluate(ink) == THEMES["light"].ink
    assert page.get_by_label("Colours").input_value() == "light"
    context.close()


def test_times_are_the_readers_with_utc_as_their_hint(
    chromium: Browser, seeded: tuple[Server, dict[str, Job]]
) -> None:
    server, found = seeded
    job = found["running"]
    context = calm_context(chromium, timezone_id="Asia/Kolkata", locale="en-GB")
    page = open_tab(context, server.url).open(f"/jobs/{job.id}")
    made = page.locator("#meta time")
    local = job.created_at.astimezone(ZoneInfo("Asia/Kolkata"))
    assert local.strftime("%H:%M:%S") in made.inner_text()
    assert made.get_attribute("title") == job.created_at.strftime("%Y-%m-%d %H:%M:%S UTC")
    page.wait_for_timeout(2500)  # the page has updated itself
    assert local.strftime("%H:%M:%S") in made.inner_text()
    context.close()


def test_a_hostile_name_is_text(seeded: tuple[Server, dict[str, Job]], visit: Visit) -> None:
    server, found = seeded
    tab = visit(server.url)
    job = found["waiting"]
    page = tab.page
    for path, selector in (("/", f"#job-{job.id} a"), (f"/jobs/{job.id}", "h1")):
        tab.open(path)
        assert page.inner_text(selector) == job.name
        assert page.query_selector("main img") is None
    assert page.title() == f"{job.name} \u00b7 densearch"
    assert tab.complaints == []


def test_the_density_shows_its_numbers_and_another_arm_on_request(
    seeded: tuple[Server, dict[str, Job]], visit: Visit
) -> None:
    server, found = seeded
    tab = visit(server.url)
    page = tab.open(f"/jobs/{found['succeeded'].id}")
    wait_for_figures(page, "density")
    cells = page.locator("#figure-density .heatmap-label")
    assert cells.count() == 25
    assert cells.nth(12).text_content() == "1"
    page.get_by_label("Best density of").select_option(label="flat (control)")
    until(
        page,
        "[...document.querySelectorAll('#figure-density .heatmap-label')]"
        ".every((cell) => cell.textContent === '0.8')",
    )
    until(page, "document.querySelector('.facts').innerText.includes('flat')")
    chosen = page.evaluate("document.getElementById('chosen').value")
    assert page.url.endswith(f"?density={chosen}")
    link = page.get_by_role("link", name="CSV").get_attribute("href")
    page.reload()
    assert page.get_by_role("link", name="CSV").get_attribute("href") == link
    assert tab.complaints == []


def test_repeats_are_bands_and_a_figure_is_saved_enlarged_and_its_lines_hidden(
    seeded: tuple[Server, dict[str, Job]], visit: Visit
) -> None:
    server, found = seeded
    tab = visit(server.url)
    page = tab.open(f"/jobs/{found['searched'].id}/convergence?y=guess")
    wait_for_figures(page, "convergence", "ranks")
    filled = page.locator("#figure-convergence .fills path.js-fill")
    colours = filled.evaluate_all("(all) => all.map((p) => getComputedStyle(p).fillOpacity)")
    assert [float(opacity) for opacity in colours] == [RANGE_OPACITY, HALF_OPACITY]
    card = page.locator("figure.chart").first
    expect(card.locator("[data-caption]")).to_contain_text("the dark band the middle half")
    expect(page.locator("#faults")).to_contain_text("y='guess', which is none of best, regret")
    # A line that is hidden stays so when the figure is drawn again.
    legend = card.get_by_role("button", name="random, 3 repeats")
    assert legend.locator("line").count() == 2
    legend.click()
    expect(filled).to_have_count(0)
    page.locator("select[name=y]").select_option("regret")
    until(page, "document.getElementById('figure-convergence').layout.yaxis.title.text[0] === 'S'")
    assert "y=regret" in page.url
    expect(legend).to_have_attribute("aria-pressed", "false")
    assert filled.count() == 0
    for form, beginning in (("SVG", b"<svg"), ("PNG", b"\x89PNG"), ("CSV", b"series,Trial of")):
        with page.expect_download() as saved:
            card.locator(f"[data-save={form.lower()}]").click()
        content = Path(saved.value.path()).read_bytes()
        assert content.startswith(beginning)
        assert saved.value.suggested_filename.endswith(f"convergence.{form.lower()}")
        if form == "SVG":  # it stands alone: title, caption, ground, a legend of what is shown
            text = content.decode()
            for part in (found["searched"].name, "Best so far of each study", ">direct_l<"):
                assert part in text
            assert "the dark band the middle half" in text
            assert "random, 3 repeats" not in text
            assert 'style="fill: rgb(255, 255, 255); fill-opacity: 1;"' in text
    card.get_by_role("button", name="Full screen").click()
    until(page, "document.fullscreenElement?.matches('figure.chart')")
    page.get_by_role("button", name="Leave full screen").click()
    until(page, "document.fullscreenElement === null")
    assert tab.complaints == []


def test_older_trials_are_added_below(seeded: tuple[Server, dict[str, Job]], visit: Visit) -> None:
    server, found = seeded
    tab = visit(server.url)
    page = tab.open(f"/jobs/{found['succeeded'].id}/trials")
    assert page.locator("[data-trial]").count() == 50
    page.get_by_role("link", name="More trials").scroll_into_view_if_needed()
    until(page, "document.querySelectorAll('[data-trial]').length === 61")
    ids = page.evaluate(
        "[...document.querySelectorAll('[data-trial]')].map((r) => +r.dataset.trial)"
    )
    assert ids == sorted(set(ids), reverse=True)
    assert page.get_by_role("link", name="More trials").count() == 0
    # A choice replaces all rows, stands in the address, and its columns are kept for other visits.
    page.get_by_text("Columns", exact=True).click()
    page.get_by_label("Metrics").uncheck()
    until(page, "!document.querySelector('#trials-head').textContent.includes('Metrics')")
    page.get_by_label("Jump to number").fill("7")
    page.get_by_label("Jump to number").press("Enter")
    until(page, "document.querySelector('[data-trial] th').textContent.trim() === '7'")
    assert "from_number=7" in page.url
    page.goto(f"{server.url}/jobs/{found['succeeded'].id}/trials")
    until(page, "!document.querySelector('#trials-head').textContent.includes('Metrics')")


# Each work says what it took the server, ms; the pauses are noted instead of waited for.
PAUSES = """async () => {
  const { paced } = await import(document.querySelector('script[type=module]').src
    .replace(/[^/]*$/, 'live.js'));
  const real = window.setTimeout, pauses = [];
  for (const served of [10, 500, 60000]) {
    window.setTimeout = (then, ms) => { pauses.push(ms); return real(then, 0); };
    await paced(async () => served, 1000)();
    window.setTimeout = real;
  }
  return pauses;
}"""


def test_a_figure_that_is_not_drawn_says_why_and_pauses_have_an_end(
    chromium: Browser, seeded: tuple[Server, dict[str, Job]]
) -> None:
    server, found = seeded
    context = calm_context(chromium)
    context.route("**/plotly.min.js*", lambda route: route.abort())
    tab = open_tab(context, server.url)
    page = tab.open(f"/jobs/{found['succeeded'].id}/convergence")
    hint = "document.getElementById('figure-convergence').dataset.hint"
    until(page, f"{hint}.startsWith('The figure could not be loaded')")
    assert page.evaluate(PAUSES) == [1000, 1500, 5000]
    page.emulate_media(media="print")
    tab.open(f"/jobs/{found['succeeded'].id}/comparison")
    tables = "[...document.querySelectorAll('#report table')]"
    page.set_viewport_size({"width": 703, "height": 900})  # A4 between its margins
    until(page, f"{tables}.every((t) => t.scrollWidth <= t.parentElement.clientWidth)")
    assert page.get_by_role("button").count() == 0
    context.close()
