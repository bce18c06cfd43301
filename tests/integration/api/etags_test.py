"""Tags of answers about a job: each change of the job changes them, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import delete
from starlette.testclient import TestClient

from api.dashboard import figure_routes, job_routes
from api.dashboard.pages import job_search
from api.dashboard.searches import importance
from service import clock, start_failures
from service.campaigns import commands as campaigns
from service.campaigns.request import Extension
from service.item_losses import ItemLosses
from service.jobs import commands, deletion, leases, notes
from service.records import Job
from service.settings import Settings
from service.states import AttemptState, JobState, Phase, TrialState
from service.storage import campaigns as campaign_rows
from service.storage import events, item_losses, jobs, studies, trials
from service.storage.database import Database
from service.storage.tables import EventRow
from tests.support import seeding
from tests.support.campaigns import wanted
from tests.support.datasets import making

pytestmark = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine, counts may take so long that older ones are shown, without a tag."""
    monkeypatch.setattr("service.storage.answers.PATIENCE", 0.0)
    # What earlier tests asked of the process for importance may be answered during this one.
    own = importance.ImportanceRuns()
    for module in (importance, job_routes, job_search, figure_routes):
        monkeypatch.setattr(module, "RUNS", own)


def addresses(job: Job, trial_id: int) -> list[str]:
    api, pages = f"/v1/jobs/{job.id}", f"/jobs/{job.id}"
    own = (
        *("convergence", "comparison", "search", "curves", "densities", "files"),
        "timeline",
        *("figures/convergence?theme=dark", "figures/curves", "figures/convergence?format=csv"),
        *("trials?sort=value", f"trials/{trial_id}"),
    )
    return [api, f"{api}/trials?limit=3&sort=-value", *(f"{pages}/{name}" for name in own)]


class Reader:
    """Asks for answers with the tags that it has; returns the addresses of those that changed."""

    def __init__(self, client: TestClient, asked: list[str]) -> None:
        self._client, self._tags = client, dict.fromkeys(asked, "")

    def changed(self) -> set[str]:
        found = set()
        for address, tag in self._tags.items():
            answer = self._client.get(address, headers={"if-none-match": tag} if tag else {})
            assert answer.status_code in {200, 304}, address
            assert bool(answer.content) == (answer.status_code == 200)
            self._tags[address] = answer.headers["etag"]
            if answer.status_code == 200:
                assert answer.headers["etag"] != tag
                found.add(address)
        return found


def test_every_change_of_the_job_changes_them_and_nothing_else(
    both: TestClient,
    database: Database,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job, other = seeding.running(database), seeding.running(database)
    past = seeding.failed(database)
    dispatcher = leases.register(database, 1, {})
    with database.read() as session:
        mine, theirs = (
            next(t for t in trials.of_job(session, j.id) if t.state is TrialState.RUNNING)
            for j in (job, other)
        )
        attempt = trials.attempts(session, mine.id)[-1].id
    both_jobs = f"jobs={job.id},{seeding.failed(database).id}"
    asked = [*addresses(job, mine.id), f"/compare?{both_jobs}", f"/compare/figure?{both_jobs}"]
    reader = Reader(both, asked)
    assert reader.changed() == set(asked)
    assert reader.changed() == set()

    def measure() -> None:
        with database.write() as session:
            seeding.measure(session, job, mine, attempt, 3)

    def complete(owner: Job, trial: object) -> None:
        with database.write() as session:
            seeding.complete(session, owner, trial, 0.0042)  # type: ignore[arg-type]

    def wait() -> None:
        with database.write() as session:
            jobs.set_waits_for(session, job.id, "a larger node")

    def forget() -> None:  # as retention does
        with database.write() as session:
            oldest = events.after(session, job.id, 0, 1)[0].id
            session.execute(delete(EventRow).where(EventRow.id == oldest))

    changes: list[Callable[[], object]] = [
        lambda: notes.annotate(database, job.id, notes.JobNotes(note="read me")),
        measure,
        lambda: complete(job, mine),
        wait,
        forget,
        lambda: deletion.delete(database, past.id),
        lambda: seeding.submit(database, "one more"),
    ]
    for change in changes:
        change()
        assert reader.changed() == set(asked), change
    later = clock.now() + timedelta(seconds=2)
    still: list[Callable[[], object]] = [
        lambda: monkeypatch.setattr(clock, "now", lambda: later),
        lambda: leases.heartbeat(database, dispatcher, settings.lease_s),
        lambda: complete(other, theirs),
        lambda: notes.annotate(database, other.id, notes.JobNotes(note="not this one")),
    ]
    for change in still:
        change()
        assert reader.changed() == set(), change
    leases.resign(database, dispatcher)
    # These say that no dispatcher is there, and why none starts.
    without = ("/figures/", "limit=", "/compare")
    waiting = {own for own in asked if not any(part in own for part in without)}
    assert reader.changed() == waiting
    start_failures.keep(settings.data_dir, "Ray does not start")
    assert reader.changed() == waiting


def test_a_page_that_shows_elapsed_time_has_no_tag_until_its_job_has_ended(
    both: TestClient, database: Database
) -> None:
    job, final = seeding.running(database), seeding.succeeded(database)
    assert "etag" not in both.get(f"/jobs/{job.id}").headers
    reader = Reader(both, [f"/jobs/{final.id}", f"/jobs/{final.id}?margin_percent=2"])
    assert len(reader.changed()) == 2
    assert reader.changed() == set()
    assert final.state is not JobState.RUNNING


def test_what_jobs_share_and_what_comes_late_changes_the_answers_that_show_it(
    both: TestClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, running = seeding.succeeded(database), seeding.running(database)
    assert "etag" not in both.get(f"/jobs/{running.id}/figures/timeline").headers
    names = ("samples", "files", *(f"figures/{n}" for n in ("items", "pairs", "timeline")))
    at = f"/jobs/{job.id}"
    reader = Reader(both, [*(f"{at}/{name}" for name in names), f"{at}/figures/importance"])
    assert len(reader.changed()) == 6
    assert reader.changed() == set()
    with database.write() as session:
        judged = next(t for t in trials.of_job(session, job.id) if t.phase is Phase.EVALUATION)
        row = {"job_id": job.id, "trial_id": judged.id, "number": 9, "dispatcher": "d"}
        row |= {"state": AttemptState.RUNNING, "started_at": clock.now()}
        (late,) = trials.insert_attempts(session, [row])
    assert reader.changed() == {f"{at}/figures/timeline"}
    with database.write() as session:
        trials.change_attempts(session, [{"id": late, "state": AttemptState.LOST}])
    assert reader.changed() == {f"{at}/figures/timeline"}
    with database.write() as session:  # its result comes after all, with its worker
        trials.change_attempts(session, [{"id": late, "is_late": True, "worker": "w"}])
    assert reader.changed() == {f"{at}/figures/timeline"}
    assert '"w"' in both.get(f"{at}/figures/timeline").text
    with database.write() as session:
        losses = ItemLosses.of(np.array([0.1, 0.2], np.float32), None)
        item_losses.put(session, judged.digest, losses)
    shared = {f"{at}/{name}" for name in names} - {f"{at}/figures/timeline"}
    assert reader.changed() == shared
    monkeypatch.setattr(importance.RUNS, "_n_answers", importance.RUNS.stamp()[0] + 1)
    assert reader.changed() == {f"{at}/figures/importance"}


def test_lists_of_jobs_change_with_any_of_them_and_with_nothing_else(
    both: TestClient,
    database: Database,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "etag" not in both.get("/").headers  # templates, by what data there is
    job, past = seeding.running(database), seeding.failed(database)
    dispatcher = leases.register(database, 1, {})
    with database.read() as session:
        mine = next(t for t in trials.of_job(session, job.id) if t.state is TrialState.RUNNING)
    asked = {"/", "/?sort=name&text=photos", "/v1/jobs", "/v1/jobs?limit=1"}
    reader = Reader(both, list(asked))
    assert reader.changed() == asked
    assert "rel=" in both.get("/v1/jobs?limit=1").headers["link"]  # also of a kept answer

    def complete() -> None:
        with database.write() as session:
            seeding.complete(session, job, mine, 0.0042)

    def stop() -> None:
        with database.write() as session:
            studies.change(session, mine.study_id, stopped_at=9, stopped_by="cost")

    changes: list[Callable[[], object]] = [
        complete,
        stop,
        lambda: notes.annotate(database, job.id, notes.JobNotes(note="read me", tags=["x"])),
        lambda: deletion.delete(database, past.id),
        lambda: seeding.submit(database, "one more"),
    ]
    for change in changes:
        change()
        assert reader.changed() == asked, change
    later = clock.now() + timedelta(minutes=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    leases.heartbeat(database, dispatcher, settings.lease_s)
    assert reader.changed() == set()
    leases.resign(database, dispatcher)
    assert reader.changed() == asked
    monkeypatch.setattr("service.storage.job_versions.MOST_LISTED", 1)
    database.recent_reads.forget()
    assert "etag" not in both.get("/v1/jobs").headers


def test_answers_about_a_campaign_change_with_its_jobs_and_with_nothing_else(
    both: TestClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, _ = campaigns.submit(database, wanted())
    with database.read() as session:
        first, second, *_ = campaign_rows.job_ids(session, made.id)
    lists = {"/campaigns", "/v1/campaigns"}
    page, api = f"/campaigns/{made.id}", f"/v1/campaigns/{made.id}"
    own = {page, api, f"{api}/report"}
    reader = Reader(both, [*lists, *own])
    assert reader.changed() == lists | own
    later = clock.now() + timedelta(minutes=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert reader.changed() == set()
    seeding.submit(database, "no job of it")
    assert reader.changed() == lists  # made of what all jobs have
    changes: list[Callable[[], object]] = [
        lambda: commands.cancel(database, first),
        lambda: deletion.delete(database, first),
        lambda: campaigns.extend(database, made.id, Extension(path="seed", values=[2])),
        lambda: campaigns.cancel(database, made.id),
        lambda: deletion.delete(database, second),
    ]
    for change in changes:
        change()
        assert reader.changed() == lists | own, change
    dispatcher = leases.register(database, 1, {})
    assert reader.changed() == {page}  # it says that no dispatcher works
    leases.resign(database, dispatcher)


def test_an_address_has_tags_of_its_own(both: TestClient, database: Database) -> None:
    job = seeding.succeeded(database)
    tags = {
        both.get(f"/v1/jobs/{job.id}/trials?{query}").headers["etag"]
        for query in ("", "sort=value", "sort=-value", "limit=3")
    }
    assert len(tags) == 4
    answer = both.get(f"/v1/jobs/{job.id}", headers={"if-none-match": '"other", W/"x"'})
    assert answer.status_code == 200
    known = {"if-none-match": f'"x", {answer.headers["etag"]}'}
    again = both.get(f"/v1/jobs/{job.id}", headers=known)
    assert again.status_code == 304


def test_data_sets_and_the_system_have_tags_of_what_they_show(both: TestClient) -> None:
    asked = ["/v1/datasets", "/datasets", "/guide"]
    reader = Reader(both, asked)
    assert reader.changed() == set(asked)
    assert reader.changed() == set()
    content = making.zipped(making.class_files(5))
    stored = both.post("/v1/datasets", params={"name": "pets"}, content=content)
    assert stored.status_code == 201, stored.text
    assert reader.changed() == {"/v1/datasets", "/datasets"}
    for path in (f"/datasets/{stored.json()['id']}", "/datasets"):
        tag = both.get(path).headers["etag"]
        assert both.get(path, headers={"if-none-match": tag}).status_code == 304
    assert "etag" in both.get("/system").headers
    assert "etag" not in both.get("/jobs/new").headers  # its key is another one each time
    assert both.get("/v1/datasets?limit=0").status_code == 422
