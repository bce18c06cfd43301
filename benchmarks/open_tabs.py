"""What a reader with many tabs waits for: python -m benchmarks.open_tabs [--tabs 20].

`densearch api` serves a running job; a browser (Debian's Chromium) has tabs open on its pages. It
prints the first contentful paint of one more tab of each page, and then the time from the commit
of a result until each of three pages shows it. The tabs behind the one in front are hidden, as in
a browser with a window: without one, Chromium draws them all. ``--visible`` has it so: 20 readers
whose browsers share this machine.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, sync_playwright

from benchmarks import event_streams
from benchmarks.large_job import fill
from benchmarks.machine import describe, judge
from service import clock
from service.records import Job, Trial
from service.settings import Settings
from service.states import TrialState
from service.storage import events, jobs, studies, trials
from service.storage.database import Database

TARGET_S, LONGEST_S = 1.0, 60.0
PAGES = (
    "",
    "/convergence",
    "/comparison",
    "/search",
    "/curves",
    "/trials",
    "/densities",
    "/files",
)
HIDE = """for (const [name, value] of [["hidden", true], ["visibilityState", "hidden"]])
  Object.defineProperty(document, name, {get: () => value});"""
PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
DRAWN = "document.getElementById('figure-convergence').data"


def first_paint_s(context: BrowserContext, address: str) -> float:
    """Return the time from asking for a page to its first text or picture, s."""
    page = context.new_page()
    page.goto(address)
    while (found := page.evaluate(PAINT)) is None:
        page.wait_for_timeout(10)
    page.close()
    return float(found) / 1000


def end(database: Database, job: Job, trial: Trial, value: float) -> None:
    """Write what a dispatcher writes when a trial has ended and is the best."""
    with database.write() as session:
        jobs.lock(session, job.id)
        change = {"id": trial.id, "state": TrialState.COMPLETED, "value": value}
        trials.change(session, [change | {"finished_at": clock.now(), "training_s": 3.0}])
        studies.change(session, trial.study_id, best_trial_id=trial.id, best_value=value)
        said: dict[str, Any] = {"id": trial.id, "study_id": trial.study_id, "number": trial.number}
        said |= {"cached": False, "state": "COMPLETED", "value": value}
        events.add(session, job.id, "trial", said)


def wait_s(page: Page, expression: str, began: float) -> float:
    """Return how long after `began` an expression of a page becomes true, s."""
    while not page.evaluate(expression):
        if time.monotonic() - began > LONGEST_S:
            raise TimeoutError(f"{page.url} does not show it: {expression}")
        page.wait_for_timeout(10)
    return time.monotonic() - began


def report_updates(database: Database, job: Job, page_of: Callable[[str], Page]) -> None:
    """Print after how long three pages show a result, each result for one of them."""
    with database.read() as session:
        live = [t for t in trials.of_job(session, job.id) if t.state is TrialState.RUNNING]
    names = ("", "/convergence", "/trials?sort=value")
    found: dict[str, list[float]] = {name: [] for name in names}
    for i, trial in enumerate(live):
        name, value = names[i % len(names)], 1e-6 / (i + 1)
        page = page_of(name)  # in front of all others: hidden pages stand still
        if name == "/convergence":
            page.wait_for_selector("#figure-convergence[data-drawn]")
        page.wait_for_timeout(3000)
        before = page.inner_text("#progress") if name == "" else ""
        best = f"trial-{trial.id}"
        shows = {
            "": f"document.getElementById('progress').innerText !== {before!r}",
            "/convergence": f"{DRAWN}.some((t) => t.y?.includes({value!r}))",
            "/trials?sort=value": f"document.querySelector('#trials tr')?.id === {best!r}",
        }
        end(database, job, trial, value)
        found[name].append(wait_s(page, shows[name], time.monotonic()))
        page.close()
    for name, times in found.items():
        shown = ", ".join(f"{one:.2f}" for one in times)
        print(
            f"  shown by /jobs/{job.id}{name} after {shown} s ({judge(max(times), TARGET_S, 's')})"
        )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--tabs", type=int, default=20)
    parser.add_argument("--visible", action="store_true", help="all tabs, not only one")
    arguments = parser.parse_args()
    print(describe("fastapi", "uvicorn"))
    with event_streams.started() as (address, _, folder), sync_playwright() as playwright:
        database = Database(Settings(data_dir=Path(folder)).resolved_database_url)
        job = fill(database, arguments.trials, is_running=True)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        # One for all tabs, as people have it: they share what was loaded.
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        which = "visible" if arguments.visible else "one of them in front"
        print(f"{arguments.trials} trials, {arguments.tabs} tabs, {which}:")

        def page_of(name: str, *scripts: str) -> Page:
            page = context.new_page()
            for script in scripts:
                page.add_init_script(script)
            page.goto(f"{address}/jobs/{job.id}{name}")
            return page

        for i in range(arguments.tabs - 3):
            page_of(PAGES[i % len(PAGES)], *([] if arguments.visible else [HIDE]))
        for name in PAGES:
            times = [first_paint_s(context, f"{address}/jobs/{job.id}{name}") for _ in range(5)]
            middle, worst = statistics.median(times), max(times)
            shown = f"median {middle:.2f}, worst {worst:.2f} s ({judge(worst, TARGET_S, 's')})"
            print(f"  first paint of /jobs/{job.id}{name}: {shown}, n = {len(times)}", flush=True)
        report_updates(database, job, page_of)
        browser.close()
        database.close()


if __name__ == "__main__":
    main()
