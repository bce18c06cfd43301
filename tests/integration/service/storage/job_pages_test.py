"""Pages of jobs: every filter, every order, and a walk that sees each job once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from service.states import JobState
from service.storage import deletion, job_notes, job_pages, jobs
from service.storage.database import Database
from service.storage.job_pages import JobFilter, JobOrder, JobPlace
from tests.support import seeding
from tests.support.stepped_clock import SteppedClock

pytestmark = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


def stored(database: Database, names: Sequence[str], **spec: Any) -> list[int]:
    with database.write() as session:
        return [job.id for job in jobs.insert_all(session, [{"name": n, **spec} for n in names])]


def ids(database: Database, wanted: JobFilter = job_pages.ALL, **page: Any) -> list[int]:
    with database.read() as session:
        found = job_pages.page(session, wanted, **{"limit": 50, **page})
    return [job.id for job in found]


def walk(database: Database, order: JobOrder) -> list[int]:
    """Return the jobs of an order page by page, with cursors as text."""
    walked: list[int] = []
    place: JobPlace | None = None
    with database.read() as session:
        while found := job_pages.page(session, limit=1, order=order, after=place):
            walked.append(found[0].id)
            place = JobPlace.of(str(job_pages.place_of(found[0], order)))
    return walked


def move(database: Database, job_id: int, *states: JobState) -> None:
    for state in states:
        with database.write() as session:
            jobs.set_state(session, job_id, state)


def test_each_order_shows_each_job_once_page_by_page(
    database: Database, stepped: SteppedClock
) -> None:
    first, second, third, fourth = stored(database, ["b", "C", "a", "b"])
    for job_id in (third, first):
        stepped.step(1.0)
        move(database, job_id, JobState.CANCELLED)
    expected = {
        JobOrder.NEWEST: [fourth, third, second, first],
        JobOrder.OLDEST: [first, second, third, fourth],
        JobOrder.NAME: [third, first, fourth, second],
        JobOrder.FINISHED: [fourth, second, first, third],
    }
    for order, wanted in expected.items():
        assert ids(database, order=order) == wanted
        assert walk(database, order) == wanted


def test_a_deleted_job_is_on_no_page_and_is_a_place_to_go_on_from(database: Database) -> None:
    first, second, third = stored(database, ["x", "Y, y", "z"])
    move(database, second, JobState.CANCELLED)
    with database.read() as session:
        seen = jobs.get(session, second)
    with database.write() as session:
        deletion.mark(session, second)
    assert ids(database) == [third, first]
    for order, rest in (
        (JobOrder.NEWEST, [first]),
        (JobOrder.NAME, [third]),
        (JobOrder.FINISHED, []),
    ):
        place = JobPlace.of(str(job_pages.place_of(seen, order)))
        assert ids(database, order=order, after=place) == rest


def test_filters_on_the_spec_the_state_and_the_samplers(database: Database) -> None:
    photos = seeding.submit(database, "photos", samplers=["tpe"]).id
    digits = seeding.submit(
        database,
        "digits",
        task={"kind": "classification", "dataset": "digits"},
        network={"kind": "small_cnn", "depth": 1, "width": 4},
        density={},
        samplers=["direct_l", "random"],
        controls=["uniform_tuned"],
    ).id
    move(database, digits, JobState.PAUSED)
    for given, wanted in (
        (JobFilter(task="denoising"), [photos]),
        (JobFilter(dataset="digits"), [digits]),
        (JobFilter(dataset="digit"), []),
        (JobFilter(sampler="tpe"), [photos]),
        (JobFilter(sampler="random", task="classification"), [digits]),
        (JobFilter(sampler="random", task="denoising"), []),
        (JobFilter(state=JobState.PAUSED), [digits]),
        (JobFilter(name="photos"), [photos]),
        (JobFilter(name="photo"), []),
        (JobFilter(), [digits, photos]),
    ):
        assert ids(database, given) == wanted, given


def test_text_is_looked_for_in_names_notes_tags_and_numbers(database: Database) -> None:
    first, second, third = stored(database, ["Photos at 50 %", "run_2", "runs"])
    with database.write() as session:
        job_notes.set_note(session, second, "Repeated\nfor the PAPER")
        job_notes.set_tags(session, third, ["paper-b", "old"])
    for text, wanted in (
        ("photos", [first]),
        ("%", [first]),
        ("n_2", [second]),
        ("paper", [third, second]),
        (f"#{second}", [second]),
        ("9" * 40, []),
        ("\\", []),
    ):
        assert ids(database, JobFilter(text=text)) == wanted, text
    assert ids(database, JobFilter(tag="paper-b")) == [third]
    assert ids(database, JobFilter(tag="paper")) == []
