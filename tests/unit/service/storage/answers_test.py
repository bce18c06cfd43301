"""Cached answers about jobs: when they are reused, and when they are computed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from types import SimpleNamespace

import pytest

from service.errors import DeadlineError
from service.records import Job
from service.states import JobState
from service.storage import answers, deadlines
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
        # Only of this module: the event loop of a server in this process keeps its own time.
        monkeypatch.setattr(answers, "time", SimpleNamespace(monotonic=lambda: self.now))

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
    time.now += 0.9
    assert ask(2) == 1
    time.now += 0.2
    assert ask(2) == 2
    # However costly, the end of a job is seen at once.
    assert ask(3, JobState.SUCCEEDED) == 3


def test_who_watches_learns_how_long_an_answer_may_stay_outdated(time: Time) -> None:
    known = Answers()

    def ask(last_event_id: int) -> float:
        with answers.watching() as watch:
            known.about("counts", JOB, last_event_id, lambda: time.counting(0.2))
        return watch.outdated_s

    assert ask(7) == 0.0
    time.now += 0.5
    assert ask(7) == 0.0
    assert ask(8) == pytest.approx(0.2 * answers.PATIENCE - 0.5)
    time.now += 0.2 * answers.PATIENCE
    assert ask(8) == 0.0


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


@contextmanager
def counted_elsewhere(known: Answers, last_event_id: int, job: Job = JOB) -> Iterator[None]:
    """Another thread counts for as long as the block lasts."""
    has_begun, may_end = threading.Event(), threading.Event()

    def compute() -> int:
        has_begun.set()
        assert may_end.wait(60)
        return 9

    thread = threading.Thread(target=known.about, args=("counts", job, last_event_id, compute))
    thread.start()
    assert has_begun.wait(60)
    try:
        yield
    finally:
        may_end.set()
        thread.join(60)


def never() -> int:
    raise AssertionError("another thread counts")


def test_who_asks_during_a_slow_count_gets_the_last_answer() -> None:
    known = Answers()
    assert known.about("counts", JOB, 1, lambda: 1) == 1
    with counted_elsewhere(known, last_event_id=2):
        assert known.about("counts", JOB, 2, never) == 1
    assert known.about("counts", JOB, 2, never) == 9


def test_who_asks_during_a_slow_count_waits_no_longer_than_its_deadline() -> None:
    known, ended = Answers(), replace(JOB, state=JobState.SUCCEEDED)
    with counted_elsewhere(known, 1), deadlines.within(0.05), pytest.raises(DeadlineError):
        known.about("counts", JOB, 1, never)
    # An answer from before the job's end is none.
    with counted_elsewhere(known, 2, ended), deadlines.within(0.05), pytest.raises(DeadlineError):
        known.about("counts", ended, 2, never)


def test_answers_are_kept_by_their_size(monkeypatch: pytest.MonkeyPatch, time: Time) -> None:
    monkeypatch.setattr(answers, "MOST_ITEMS", 10)
    known = Answers()

    def is_kept(job_id: int, size: int) -> bool:
        before = time.counting(0.0)
        job = replace(JOB, id=job_id)
        known.about("figure", job, 1, lambda: [time.counting(0.0)] * size)
        return time.counting(0.0) == before + 1

    assert [is_kept(job_id, size=4) for job_id in (1, 2, 1, 2)] == [False, False, True, True]
    assert not is_kept(3, size=4)
    assert [is_kept(job_id, size=4) for job_id in (3, 2, 1)] == [True, True, False]
    assert not is_kept(4, size=11)  # one is kept however large it is, and alone
    assert [is_kept(job_id, size=11) for job_id in (4, 1, 4)] == [True, False, False]


def test_questions_that_fail_are_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "MOST_ANSWERS", 3)
    known = Answers()
    for job_id in range(10):
        with pytest.raises(ZeroDivisionError):
            known.about("counts", replace(JOB, id=job_id), 1, lambda: 1 // 0)
    assert len(known) == 3


def test_only_so_many_answers_are_kept(monkeypatch: pytest.MonkeyPatch, time: Time) -> None:
    monkeypatch.setattr(answers, "MOST_ANSWERS", 2)
    known = Answers()

    def ask(job_id: int) -> int:
        return known.about("counts", replace(JOB, id=job_id), 1, lambda: time.counting(0.0))

    assert [ask(1), ask(2), ask(1), ask(3), ask(1), ask(2)] == [1, 2, 1, 3, 1, 4]
