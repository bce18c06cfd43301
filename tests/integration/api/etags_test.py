"""Tags of answers about a job: each change of the job changes them, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import delete
from starlette.testclient import TestClient

from service import clock, start_failures
from service.jobs import deletion, leases, notes
from service.records import Job
from service.settings import Settings
from service.states import JobState, TrialState
from service.storage import events, jobs, trials
from service.storage.database import Database
from service.storage.tables import EventRow
from tests.support import seeding

pytestmark = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine, counts may take so long that older ones are shown, without a tag."""
    monkeypatch.setattr("service.storage.answers.PATIENCE", 0.0)


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
    asked = addresses(job, mine.id)
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
    waiting = {own for own in asked if "/figures/" not in own and "limit=" not in own}
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
