"""What changes on the server shows without a reload; buttons work from the keyboard."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from service.jobs import commands, reopen
from service.states import JobState, TrialState
from service.storage import jobs as job_rows
from service.storage import studies, trials
from tests.support import seeding
from tests.support.live_server import Server
from tests.support.tabs import PATIENCE_MS, STREAMS, Tab, Visit, calm_context, open_tab, until

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE_MS)

BORN = "window.born = Math.random();"
HIDE = """(isHidden) => {
  Object.defineProperty(document, 'hidden', {value: isHidden, configurable: true});
  document.dispatchEvent(new Event('visibilitychange'));
}"""


@pytest.fixture(scope="module")
def kept_page(kept_page: Page) -> Page:
    kept_page.add_init_script(STREAMS + BORN)
    return kept_page


def opened(visit: Visit, server: Server, path: str) -> Tab:
    tab = visit(server.url)
    tab.open(path)
    return tab


def open_streams(page: Page) -> int:
    found: int = page.evaluate("streams.filter((s) => s.readyState !== 2).length")
    return found


def wait_for_stream(page: Page) -> None:
    until(page, "streams.some((s) => s.readyState === 1)")


def test_a_result_appears_without_a_reload_and_the_focus_stays(
    chromium: Browser, server: Server, visit: Visit
) -> None:
    job = seeding.running(server.database)
    with server.database.read() as session:
        live = next(t for t in trials.of_job(session, job.id) if t.state is TrialState.RUNNING)
    curves = open_tab(calm_context(chromium), server.url).open(f"/jobs/{job.id}/convergence")
    curves.wait_for_selector("#figure-convergence[data-drawn]")
    tab = opened(visit, server, f"/jobs/{job.id}/trials")
    page = tab.page
    wait_for_stream(page)
    born = page.evaluate("born")
    row = page.locator(f"#trial-{live.id}")
    expect(row).to_contain_text("epoch 2/4")
    row.get_by_role("link").focus()
    with server.database.write() as session:
        seeding.complete(session, job, live, 0.00123)
    expect(row).to_contain_text("Completed")
    # The best so far in the figure of another page is the new one.
    drawn = "document.getElementById('figure-convergence').data"
    until(curves, f"{drawn}.some((t) => t.y.includes(0.00123))")
    assert page.evaluate("born") == born
    assert page.evaluate("document.activeElement.closest('tr')?.id") == f"trial-{live.id}"
    assert open_streams(page) == 1
    assert tab.complaints == []
    curves.context.close()


def test_the_keyboard_pauses_resumes_and_cancels(server: Server, visit: Visit) -> None:
    job = seeding.running(server.database)
    tab = opened(visit, server, f"/jobs/{job.id}")
    page = tab.page
    state, said = page.locator("#state"), page.locator("#announcer")
    wait_for_stream(page)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")  # past the header: the breadcrumb
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Pause")).to_be_focused()
    page.keyboard.press("Enter")
    expect(state).to_have_text("Paused")
    expect(said).to_contain_text("paused")
    expect(page.get_by_role("button", name="Pause")).to_be_disabled()
    expect(page.get_by_role("button", name="Resume")).to_be_focused()
    page.keyboard.press("Enter")
    expect(state).to_have_text("Running")
    cancel = page.get_by_role("button", name="Cancel job")
    cancel.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(cancel).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(state).to_have_text("Cancelled")
    for name in ("Pause", "Resume", "Cancel job"):
        expect(page.get_by_role("button", name=name)).to_be_disabled()
    with server.database.read() as session:
        assert job_rows.get(session, job.id).state is JobState.CANCELLED
    until(page, "streams.every((s) => s.readyState === 2)")
    assert tab.complaints == []


def test_a_job_is_extended_by_the_keyboard_and_followed_again(
    server: Server, visit: Visit
) -> None:
    job = seeding.simulated(server.database, {**seeding.SEARCH, "repeats": 1})
    tab = opened(visit, server, f"/jobs/{job.id}")
    page = tab.page
    dialog = page.get_by_role("dialog", name="Extend this job")
    button = page.get_by_role("button", name="Extend…")
    button.focus()
    page.keyboard.press("Enter")
    field = page.get_by_label("Trials of every search")
    expect(field).to_be_focused()
    expect(field).to_have_value("24")
    field.fill("12")  # not above the present budget: the browser refuses it
    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    field.fill("16")
    page.keyboard.press("Enter")
    expect(page.locator("#state")).to_have_text("Queued")
    expect(page.locator("#announcer")).to_contain_text("queued")
    expect(dialog).to_be_hidden()
    expect(button).to_be_disabled()
    wait_for_stream(page)
    with server.database.read() as session:
        own = studies.of_job(session, job.id)
    assert {s.n_trials for s in own if s.role in ("search", "tuned")} == {16}
    assert tab.complaints == []


def test_seeds_beyond_the_plan_are_asked_for_in_the_dialog(server: Server, visit: Visit) -> None:
    job = seeding.simulated(server.database, {**seeding.SEARCH, "repeats": 1})
    tab = opened(visit, server, f"/jobs/{job.id}?margin_percent=none")
    page = tab.page
    button = page.get_by_role("button", name="Extend…")
    present = int(button.get_attribute("data-seeds") or 0)
    button.click()
    field = page.get_by_label("Final trainings of each arm")
    expect(field).to_have_value(str(2 * present))
    field.fill(str(present + 1))
    page.get_by_role("button", name="Train more seeds").click()
    expect(page.locator("#state")).to_have_text("Queued")
    with server.database.read() as session:
        spec = job_rows.get(session, job.id).spec
    assert spec["evaluation"]["continued_to"] == present + 1
    assert tab.complaints == []


def test_an_ended_page_finds_out_that_its_job_goes_on(server: Server, visit: Visit) -> None:
    job = seeding.simulated(server.database, {**seeding.SEARCH, "repeats": 1})
    page = opened(visit, server, f"/jobs/{job.id}").page
    expect(page.locator("#state")).to_have_text("Succeeded")
    expect(page.locator("#report section").first).to_be_visible()
    reopen.extend(server.database, job.id, 16)
    expect(page.locator("#state")).to_have_text("Queued")
    expect(page.locator("#report section")).to_have_count(0)
    wait_for_stream(page)
    commands.pause(server.database, job.id)
    expect(page.locator("#state")).to_have_text("Paused")


def test_a_clone_says_what_is_wrong_and_opens_the_new_job(server: Server, visit: Visit) -> None:
    job = seeding.paused(server.database)
    tab = opened(visit, server, f"/jobs/{job.id}")
    page = tab.page
    page.get_by_role("button", name="Clone…").click()
    dialog = page.get_by_role("dialog", name="Clone this job")
    expect(page.get_by_label("Name")).to_be_focused()
    page.get_by_label("Name").fill("the same at night")
    page.get_by_label("Seed").fill("7")
    changes, problem = page.get_by_label("Other changes"), dialog.get_by_role("alert")
    submit = page.get_by_role("button", name="Submit the clone")
    for wrong, told in (
        ("{", "Not JSON"),
        ("[1]", "an object"),
        ('{"budget": {"n_trials": 0}}', "/budget/n_trials"),
    ):
        changes.fill(wrong)
        submit.click()
        expect(problem).to_contain_text(told)
        expect(submit).to_be_enabled()
    changes.fill('{"samplers": ["random"], "controls": []}')
    submit.click()
    expect(page.locator("h1")).to_have_text("the same at night")
    with server.database.read() as session:
        made = job_rows.get(session, int(page.url.rpartition("/")[2]))
    assert (made.spec["seed"], made.spec["controls"]) == (7, [])
    assert [s["name"] for s in made.spec["samplers"]] == ["random"]
    # The refusal is the only complaint: browsers log every answer of 400 and more.
    assert all("422" in complaint for complaint in tab.complaints)


def test_failed_trials_are_retried_by_a_click(server: Server, visit: Visit) -> None:
    body = {**seeding.SEARCH, "repeats": 1, "fidelity": None, "pruning": None}
    # The first training fails for good: it and its two further tries.
    job = seeding.simulated(server.database, body, n_workers=1, fails={1, 2, 3})
    page = opened(visit, server, f"/jobs/{job.id}").page
    button = page.get_by_role("button", name="Retry failed")
    button.click()
    expect(page.locator("#state")).to_have_text("Queued")
    expect(button).to_be_disabled()


def test_a_refused_action_says_why(server: Server, visit: Visit) -> None:
    job = seeding.running(server.database)
    tab = opened(visit, server, f"/jobs/{job.id}")
    wait_for_stream(tab.page)
    # Another user was faster, and this tab has not heard of it: it is cut off from the events.
    tab.page.evaluate("streams.forEach((s) => s.close())")
    tab.page.route(re.compile(r"/jobs/\d+(\?.*)?$"), lambda route: route.abort())
    commands.cancel(server.database, job.id)
    tab.page.get_by_role("button", name="Pause").click()
    expect(tab.page.locator("#problem")).to_contain_text("CANCELLED")


def test_a_hidden_tab_holds_no_stream(server: Server, visit: Visit) -> None:
    job = seeding.running(server.database)
    page = opened(visit, server, f"/jobs/{job.id}").page
    wait_for_stream(page)
    page.evaluate(HIDE, True)  # noqa: FBT003 - the script's argument
    assert open_streams(page) == 0
    commands.pause(server.database, job.id)
    page.evaluate(HIDE, False)  # noqa: FBT003 - the script's argument
    expect(page.locator("#state")).to_have_text("Paused")
    assert open_streams(page) == 1


def test_an_ended_job_opens_no_stream(server: Server, visit: Visit) -> None:
    job = seeding.failed(server.database)
    page = opened(visit, server, f"/jobs/{job.id}").page
    page.wait_for_load_state("networkidle")
    assert page.evaluate("streams.length") == 0


def test_the_list_shows_new_jobs_by_itself(server: Server, visit: Visit) -> None:
    tab = opened(visit, server, "/")
    expect(tab.page.locator("main")).to_contain_text("No jobs yet")
    job = seeding.submit(server.database, "appears by itself")
    row = tab.page.locator(f"#job-{job.id}")
    expect(row).to_contain_text("appears by itself")
    commands.cancel(server.database, job.id)
    expect(row).to_contain_text("Cancelled")
    assert tab.complaints == []


def test_a_server_that_is_gone_is_told_and_found_again(server: Server, visit: Visit) -> None:
    job = seeding.running(server.database)
    page = opened(visit, server, f"/jobs/{job.id}").page
    wait_for_stream(page)
    expect(page.locator("#offline")).to_be_hidden()
    server.stop()
    expect(page.locator("#offline")).to_be_visible()
    commands.pause(server.database, job.id)
    server.start()
    expect(page.locator("#offline")).to_be_hidden()
    expect(page.locator("#state")).to_have_text("Paused")
