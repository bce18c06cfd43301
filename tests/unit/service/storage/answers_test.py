"""Cached answers about jobs: when they are reused, and when they are computed."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count

import pytest

from service.records import Job
from service.states import JobState
from service.storage import answers
from service.storage.answers import Answers

JOB = Job(
    id=1, name="large", state=JobState.RUNNING, spec={}, report=None, error=None, waits_for=None,
    lease_owner=None, lease_fence=0, lease_until=None, created_at=datetime(2026, 1, 1, tzinfo=UTC),
    started_at=None, finished_at=None,
)  # fmt: skip


class Time:
    """A clock that advances while something is counted, and on request."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        self._numbers = count(1)
        monkeypatch.setattr("time.monotonic", lambda: self.now)

    def counting(self, took_s: float) -> int:
        self.now += took_s
        return next(self._numbers)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    return Time(monkeypatch)


def test_an_answer_serves_until_the_next_event(time: Time) -> None:
    known = Answers()

    def ask(last_event_id: int, job: Job = JOB, name: str = "counts") -> int:
        return known.about(name, job, last_event_id, lambda: time.counting(0.001))

    assert [ask(7), ask(7), ask(8), ask(8)] == [1, 1, 2, 2]
    time.now += 1e6
    assert ask(8) == 2
    assert ask(8, name="others") == 3
    assert ask(8, job=replace(JOB, id=2)) == 4
    assert ask(8) == 2


def test_a_costly_answer_may_be_as_old_as_it_was_costly(time: Time) -> None:
    known = Answers()

    def ask(last_event_id: int, state: JobState = JobState.RUNNING) -> int:
        job = replace(JOB, state=state)
        return known.about("counts", job, last_event_id, lambda: time.counting(0.1))

    assert ask(1) == 1
    time.now += 1.9
    assert ask(2) == 1
    time.now += 0.2
    assert ask(2) == 2
    # However costly, the end of a job is seen at once.
    assert ask(3, JobState.SUCCEEDED) == 3


def test_no_answer_about_a_job_is_older_than_a_few_seconds(time: Time) -> None:
    known = Answers()
    found = []
    for last_event_id in range(3):
        found.append(known.about("counts", JOB, last_event_id, lambda: time.counting(60.0)))
        time.now += 0.6 * answers.OLDEST_S
    assert found == [1, 1, 2]


def test_what_no_event_tells_of_is_looked_for_each_time_unless_it_is_costly(time: Time) -> None:
    known = Answers()
    assert [known.lately("quick", lambda: time.counting(0.001)) for _ in range(2)] == [1, 2]
    assert [known.lately("slow", lambda: time.counting(0.5)) for _ in range(2)] == [3, 3]
    time.now += 10.1
    assert known.lately("slow", lambda: time.counting(0.5)) == 4


def test_who_asks_meanwhile_waits_for_the_answer_and_a_failure_is_not_kept() -> None:
    known, may_end, n_counted = Answers(), threading.Event(), count(1)

    def compute() -> int:
        assert may_end.wait(30)
        return next(n_counted)

    def fail() -> int:
        raise RuntimeError("the database is away")

    with pytest.raises(RuntimeError):
        known.about("counts", JOB, 1, fail)
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda: found.append(known.about("counts", JOB, 1, compute)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    may_end.set()
    for thread in threads:
        thread.join(30)
    assert found == [1] * 4


def test_only_so_many_answers_are_kept(monkeypatch: pytest.MonkeyPatch, time: Time) -> None:
    monkeypatch.setattr(answers, "MOST_ANSWERS", 2)
    known = Answers()

    def ask(job_id: int) -> int:
        return known.about("counts", replace(JOB, id=job_id), 1, lambda: time.counting(0.0))

    assert [ask(1), ask(2), ask(1), ask(3), ask(1), ask(2)] == [1, 2, 1, 3, 1, 4]
