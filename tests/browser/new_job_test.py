"""The form of a new job: estimates appear, faults lead to their fields, one click is one job."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import product
from typing import Any, TypeAlias

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from api.dashboard.examples import EXAMPLES
from service.storage import job_pages
from tests.support.estimates import dispatch, measure
from tests.support.live_server import Server
from tests.support.looks import check_looks
from tests.support.specs import PHOTOS, SPHERE, changed
from tests.support.tabs import PATIENCE_MS, Tab, Visit, calm_context, open_tab

pytestmark = pytest.mark.browser
expect.set_options(timeout=PATIENCE_MS)

LOCATE = """async ([text, pointer]) =>
  (await import('/static/pointers.js')).locate(text, pointer)"""
SELECTED = """(area) => area.value.slice(area.selectionStart, area.selectionEnd)"""
# Whether the selection's line is within what is seen of the text.
IN_VIEW = """(area) => {
  const line = area.value.slice(0, area.selectionStart).split('\\n').length - 1;
  const height = parseFloat(getComputedStyle(area).lineHeight);
  const top = line * height - area.scrollTop;
  return top >= -height && top <= area.clientHeight;
}"""
Json: TypeAlias = Any
FUNCTION = json.dumps(SPHERE, indent=2)


@pytest.fixture
def tab(server: Server, visit: Visit) -> Tab:
    tab = visit(server.url)
    tab.open("/jobs/new#json")
    return tab


def text_of(page: Page) -> Locator:
    return page.get_by_label("Spec, as JSON")


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def names_of(server: Server) -> list[str]:
    with server.database.read() as session:
        return [job.name for job in job_pages.page(session, limit=50)]


def test_an_estimate_appears_when_it_has_been_measured(tab: Tab, server: Server) -> None:
    page = tab.page
    me = dispatch(server.database, memory_bytes=10**9)
    text_of(page).fill(json.dumps(PHOTOS))
    press(page, "Estimate")
    costs, said = page.locator("#estimate"), page.locator("#announcer")
    expect(costs).to_contain_text("A worker measures")
    expect(said).to_contain_text("measures")
    check_looks(page, n_texts=15)
    measure(server.database, me)
    expect(costs).to_contain_text("From start to end")
    expect(costs).to_contain_text("5.5 s")
    expect(said).to_have_text("Estimate: at most 20 trainings, about 28 s from start to end")
    check_looks(page, n_texts=15)
    n_asked = sum(url.endswith("/jobs/estimate") for url in tab.urls)
    text_of(page).press("End")
    text_of(page).press("Space")
    expect(page.locator("#stale")).to_be_hidden()  # it is the same spec
    expect(costs).to_be_visible()
    assert sum(url.endswith("/jobs/estimate") for url in tab.urls) == n_asked
    assert names_of(server) == []
    assert tab.complaints == []
    assert tab.foreign == []


def test_a_changed_text_is_not_waited_for(tab: Tab, server: Server) -> None:
    page = tab.page
    dispatch(server.database)
    text_of(page).fill(json.dumps(PHOTOS))
    press(page, "Estimate")
    expect(page.locator("#estimate")).to_contain_text("A worker measures")
    text_of(page).fill(FUNCTION)
    expect(page.locator("#estimate")).to_have_count(0)
    press(page, "Estimate")
    expect(page.locator("#estimate")).to_have_attribute("data-state", "ready")
    n_asked = tab.urls.count(f"{tab.origin}/jobs/estimate")
    page.wait_for_timeout(2500)  # longer than the pause between two questions
    assert tab.urls.count(f"{tab.origin}/jobs/estimate") == n_asked
    assert tab.complaints == []


def test_faults_lead_to_their_fields(tab: Tab) -> None:
    page = tab.page
    body: dict[str, Any] = changed("/training/lr", -1.0)
    body |= {"seeds": 3, "budget": {"n_trials": 0}}
    text_of(page).fill(json.dumps(body, indent=4))
    press(page, "Submit")
    problem = page.get_by_role("alert").filter(has_text="refused")
    expect(problem).to_be_visible()
    for place, selected in (
        ("/training/lr", '"lr": -1.0'),
        ("/seeds", '"seeds": 3'),
        ("/budget/n_trials", '"n_trials": 0'),
    ):
        fault = problem.get_by_role("button").filter(has_text=place)
        fault.focus()
        page.keyboard.press("Enter")
        expect(text_of(page)).to_be_focused()
        assert text_of(page).evaluate(SELECTED) == selected
        assert text_of(page).evaluate(IN_VIEW)
    check_looks(page, n_texts=15)
    expect(page.get_by_role("button", name="Submit")).to_be_enabled()
    # The refusal is the only complaint: browsers log every answer of 400 and more.
    assert all("422" in complaint for complaint in tab.complaints)


def test_a_fault_far_below_is_brought_into_view(tab: Tab) -> None:
    page = tab.page
    text = "{" + "\n" * 400 + FUNCTION[1:-1] + ',\n"extra": 1' + "\n" * 400 + "}"
    text_of(page).fill(text)
    text_of(page).evaluate("(area) => { area.scrollTop = 0; }")
    press(page, "Estimate")
    page.get_by_role("button", name="/extra").click()
    assert text_of(page).evaluate(SELECTED) == '"extra": 1'
    assert text_of(page).evaluate(IN_VIEW)


def test_what_is_no_json_is_told_with_line_and_column(tab: Tab) -> None:
    page = tab.page
    text_of(page).fill('{\n  "name": "x",\n  "seed": 1 2\n}')
    press(page, "Estimate")
    fault = page.get_by_role("button").filter(has_text="line 3, column 13")
    fault.click()
    assert text_of(page).evaluate(SELECTED) == "2"
    text_of(page).fill("")
    press(page, "Submit")  # the browser itself asks for a text
    expect(text_of(page)).to_be_focused()


def test_two_clicks_are_one_job(tab: Tab, server: Server) -> None:
    page = tab.page
    text_of(page).fill(FUNCTION)
    page.get_by_role("button", name="Submit").dblclick()
    page.wait_for_url("**/jobs/1")
    assert names_of(server) == [SPHERE["name"]]
    # Who comes back and submits once more wants another one.
    page.go_back()
    expect(text_of(page)).to_have_value(FUNCTION)
    press(page, "Submit")
    page.wait_for_url("**/jobs/2")
    assert tab.complaints == []


def test_a_lost_answer_makes_no_second_job(tab: Tab, server: Server) -> None:
    page = tab.page
    text_of(page).fill(FUNCTION)

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/v1/jobs", lose)
    press(page, "Submit")
    expect(page.locator("#problem")).to_contain_text("Submit it again")
    assert len(names_of(server)) == 1
    page.unroute("**/v1/jobs")
    press(page, "Submit")
    page.wait_for_url("**/jobs/1")
    assert len(names_of(server)) == 1


def test_another_start_loses_nothing_that_was_written(tab: Tab) -> None:
    page = tab.page
    start = page.get_by_label("Start from")
    written = text_of(page).input_value().replace("photos", "mine")
    text_of(page).fill(written)
    start.select_option("digits")
    assert json.loads(text_of(page).input_value())["name"] == "digits"
    start.select_option("function")
    start.select_option(label="What you wrote")
    expect(text_of(page)).to_have_value(written)
    page.get_by_role("link", name="Data sets").click()
    page.wait_for_url("**/datasets")
    page.go_back()
    expect(text_of(page)).to_have_value(written)
    start.select_option("digits")
    start.select_option(label="What you wrote")
    expect(text_of(page)).to_have_value(written)
    assert tab.complaints == []


def test_a_server_that_comes_back_is_asked_again(tab: Tab, server: Server) -> None:
    page = tab.page
    text_of(page).fill(FUNCTION)
    server.stop()
    press(page, "Estimate")
    expect(page.locator("#offline")).to_be_visible()
    server.start()
    expect(page.locator("#estimate")).to_have_attribute("data-state", "ready")
    expect(page.locator("#offline")).to_be_hidden()


def test_behind_the_text_the_form_stays_hidden_and_faults_are_said(tab: Tab) -> None:
    page = tab.open("/jobs/new?template=digits")
    press(page, "JSON")
    text = text_of(page)
    for before, after, said in (
        ('"width": 16', '"width": 12', ""),
        ('"width": 12', '"nonsense": 1', "/network/nonsense: There is no such field."),
    ):
        with page.expect_response("**/jobs/form"):
            text.fill(text.input_value().replace(before, after))
        expect(page.locator("#wrong-here")).to_have_text(said)
        expect(page.locator("#fields")).to_be_hidden()
        expect(page.locator("#copies")).to_contain_text(after.partition(":")[0].strip('"'))
    tops = "(ids) => ids.map((id) => document.getElementById(id).getBoundingClientRect().top)"
    editor, copies = page.evaluate(tops, ["spec", "copies"])
    assert editor < copies


def test_an_unreadable_value_is_said_at_its_field_until_it_is_mended(tab: Tab) -> None:
    page = tab.open("/jobs/new?template=digits")
    bounds = page.locator('[name="/density/bounds"]')
    whole = bounds.input_value()
    box = page.locator(".field", has=bounds)
    bounds.fill("[[0,")
    expect(box).to_contain_text("This is not JSON yet.")
    expect(bounds).to_have_attribute("aria-invalid", "true")
    expect(bounds).to_have_attribute("aria-describedby", re.compile("^unread-"))
    bounds.fill(whole)
    expect(box).not_to_contain_text("This is not JSON yet.")
    expect(bounds).not_to_have_attribute("aria-invalid", "true")


def refuse_what_is_no_json(page: Page) -> None:
    search = page.locator("[id='at/search']")  # "More" was opened by the fault in it
    search.fill("{")
    page.get_by_role("button", name="Submit").click()
    expect(page.locator("#problem")).to_contain_text("/search is not JSON yet")
    expect(search).to_be_focused()
    search.fill("")


def submit_without_scripts(chromium: Browser, server: Server) -> None:
    context = calm_context(chromium, java_script_enabled=False)
    plain = open_tab(context, server.url).open("/jobs/new?template=function")
    plain.locator("[id='at/budget/n_trials']").fill("7")
    plain.get_by_role("button", name="Submit", exact=True).click()
    plain.wait_for_url("**/jobs/2")
    context.close()


def see_kinds_come_back(page: Page) -> None:
    """Switch the kind of the network to others and back: its members are as they were left."""
    kind, text = page.locator("[id='at/network/kind']"), page.locator("#spec")
    left = json.loads(text.input_value())["network"]
    for other in ("small_cnn", ""):
        kind.select_option(other)
        kind.select_option(left["kind"])
        assert json.loads(text.input_value())["network"] == left


def see_more_settings(page: Page) -> None:
    """Open what is seldom set; a fault in it stands at its field."""
    more = page.locator("[id='others-at/training']")
    expect(more).not_to_have_attribute("open", "")
    more.get_by_text("More settings").click()
    page.get_by_label("Clip norm").fill("-1")
    expect(page.locator("[id='fault-at/training/clip_norm-0']")).to_be_visible()
    page.get_by_label("Clip norm").fill("")


def test_the_form_and_the_text_are_in_step(tab: Tab, chromium: Browser, server: Server) -> None:
    page = tab.open("/jobs/new?template=digits")
    name, text = page.locator("[id='at/name']"), page.locator("#spec")

    def spec() -> Json:
        return json.loads(text.input_value())

    name.fill("<b>\u05e9\u05dc\u05d5\u05dd \U0001f600")
    wanted = json.loads(json.dumps(EXAMPLES[1].spec)) | {
        "name": "<b>\u05e9\u05dc\u05d5\u05dd \U0001f600"
    }
    assert spec() == wanted
    page.get_by_label("Kind required").select_option("denoising")
    expect(page.get_by_label("Noise sigma")).to_be_visible()
    assert spec()["task"] == {"kind": "denoising"}
    page.locator("[id='at/network/kind']").select_option("dncnn")
    expect(page.locator("[id='box-at/network/kind']")).to_contain_text("residual denoiser")
    assert spec()["network"] == {"kind": "dncnn", "width": 16, "kernel_size": 3}
    see_kinds_come_back(page)
    see_more_settings(page)
    expect(page.get_by_label("Dataset")).to_have_value("")
    page.get_by_role("button", name="Add one").first.click()
    expect(page.locator("[id='at/samplers/2/name']")).to_be_visible()
    assert spec()["samplers"][2] == "direct_l_rand"
    page.locator("[id='at/samplers/2/batch_size']").fill("8")
    assert spec()["samplers"][2] == {"name": "direct_l_rand", "batch_size": 8}
    page.get_by_role("button", name="Remove tpe").click()
    expect(page.get_by_role("button", name="Remove tpe")).to_have_count(0)
    page.get_by_label("Learning rate lr").fill("-1")
    rate = page.locator("[id='at/training/lr']")
    expect(rate).to_have_attribute("aria-invalid", "true")
    expect(page.locator("[id='fault-at/training/lr-0']")).to_contain_text("greater than 0")
    assert "fault-at/training/lr-0" in str(rate.get_attribute("aria-describedby"))
    check_looks(page, n_texts=60)
    page.reload()
    expect(rate).to_have_value("-1")
    page.get_by_role("button", name="JSON").click()
    changed_text = (
        text.input_value().replace('"lr": -1', '"lr": 0.25').replace("{", '{ "x/y": 1,', 1)
    )
    text.fill(changed_text + "!")
    expect(page.locator("#unread")).to_be_visible()
    text.fill(changed_text)
    expect(page.locator("#unread")).to_be_hidden()
    page.get_by_role("button", name="Form", exact=True).click()
    expect(rate).to_have_value("0.25")
    unknown = page.locator("[id='at/x~1y']")
    expect(unknown).to_have_attribute("aria-invalid", "true")
    unknown.fill("")
    expect(unknown).to_have_count(0)
    assert "x/y" not in spec()
    refuse_what_is_no_json(page)
    page.get_by_role("button", name="Submit").click()
    page.wait_for_url("**/jobs/1")
    with server.database.read() as session:
        assert job_pages.page(session, limit=1)[0].name.startswith("<b>")
    assert tab.complaints == []
    submit_without_scripts(chromium, server)


@pytest.mark.parametrize(
    "document",
    [
        {"a": {"b": [1, {"c": None}, [True, "x"]]}, "d": -1.5e3},
        {"a/b": {"~": [{}]}, 'say "}"': "[,:]{", "\u00e9\u2603": [[], [[0]]], "": {"": 0}},
        [{"a": 1}, "two", [3]],
    ],
)
def test_pointers_are_found_in_any_json(tab: Tab, document: Json) -> None:
    for indent, is_ascii in product((None, 3), (False, True)):
        text = json.dumps(document, indent=indent, ensure_ascii=is_ascii)
        for pointer, value in pointers_of(document):
            start, end = tab.page.evaluate(LOCATE, [text, pointer])
            found = text[start:end]
            name = pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
            is_member = isinstance(parent_of(document, pointer), dict)
            assert json.loads(f"{{{found}}}" if is_member else found) == (
                {name: value} if is_member else value
            )


def pointers_of(value: Json, at: str = "") -> Iterator[tuple[str, Json]]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for name, item in items:
        pointer = f"{at}/{str(name).replace('~', '~0').replace('/', '~1')}"
        yield pointer, item
        if isinstance(item, dict | list):
            yield from pointers_of(item, pointer)


def parent_of(value: Json, pointer: str) -> Json:
    for part in pointer.split("/")[1:-1]:
        name = part.replace("~1", "/").replace("~0", "~")
        value = value[int(name)] if isinstance(value, list) else value[name]
    return value


def test_pointers_into_nothing_lead_to_what_is_nearest(tab: Tab) -> None:
    text = '{"task": {"kind": "x"}, "n": 1, "n": 22}'
    for pointer, wanted in (
        ("/task/dataset/name", '"task": {"kind": "x"}'),
        ("/n", '"n": 22'),
        ("", None),
        ("/other", None),
    ):
        place = tab.page.evaluate(LOCATE, [text, pointer])
        assert (text[slice(*place)] if place else None) == wanted
    for hopeless in ("{", '{"task": ', "[" * 100_000, '"' + "\\" * 7, ""):
        assert tab.page.evaluate(LOCATE, [hopeless, "/task"]) is None
    assert tab.complaints == []
