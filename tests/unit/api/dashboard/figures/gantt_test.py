"""Bars of attempts and counts of trials that wait, against counts by hand."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from api.dashboard.figures.gantt import (
    MAX_BARS,
    MAX_WORKERS,
    gantt_of,
    waiting_steps,
    waits_of,
)
from service.states import AttemptState, Phase
from service.storage.timelines import WorkSpan

START = datetime(2026, 11, 23, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def span(
    trial: int,
    start: float,
    end: float | None,
    worker: str | None = "w1",
    state: AttemptState = AttemptState.COMPLETED,
    attempt: int = 1,
    queued: float = 0.0,
) -> WorkSpan:
    ended = None if end is None else at(end)
    return WorkSpan(
        trial, "tpe", Phase.SEARCH, trial, attempt, state, worker, at(queued), at(start), ended
    )


def test_a_bar_is_an_attempt_and_a_row_a_worker_in_the_order_of_their_numbers() -> None:
    spans = [
        span(1, 5, 8, "w10"),
        span(2, 6, None, "w2", AttemptState.RUNNING),
        span(3, 7, 9, None),
    ]
    found = gantt_of(spans, at(20))
    assert found.workers == ["not known", "w2", "w10"]
    bars = {bar.worker: (bar.start_s, bar.end_s, bar.state) for bar in found.bars}
    assert bars["w10"] == (0.0, 3.0, AttemptState.COMPLETED)
    assert bars["w2"] == (1.0, 15.0, AttemptState.RUNNING)


def test_many_attempts_are_merged_and_none_is_lost() -> None:
    chance = random.Random(1)
    spans = [
        span(
            n, n / 2, n / 2 + 0.4, f"w{n % 3}",
            AttemptState.LOST if chance.random() < 0.01 else AttemptState.COMPLETED,
        )
        for n in range(3 * MAX_BARS)
    ]  # fmt: skip
    found = gantt_of(spans, at(1e6))
    assert len(found.bars) <= MAX_BARS
    assert sorted(s.trial_id for bar in found.bars for s in bar.spans) == list(range(len(spans)))
    for bar in found.bars:
        assert bar.busy_s == pytest.approx(0.4 * len(bar.spans))
        has_lost = any(s.state is AttemptState.LOST for s in bar.spans)
        assert (bar.state is AttemptState.LOST) == has_lost
    # The order in which attempts are stored changes nothing.
    chance.shuffle(spans)
    assert gantt_of(spans, at(1e6)) == found


def test_more_workers_than_rows_are_counted() -> None:
    found = gantt_of([span(n, n, n + 1, f"w{n}") for n in range(MAX_WORKERS + 5)], at(99))
    assert (len(found.workers), found.n_workers) == (MAX_WORKERS, MAX_WORKERS + 5)
    assert found.workers[-1] == f"w{MAX_WORKERS - 1}"


def test_a_trial_waits_until_its_first_try_and_between_tries() -> None:
    first = span(1, 4, 6, state=AttemptState.LOST, queued=1)
    again = span(1, 9, 12, attempt=2, queued=1)
    assert waits_of([again, first]) == [(at(1), at(4)), (at(6), at(9))]
    assert waits_of([again]) == []  # when it was given up is not known


@pytest.mark.parametrize("seed", range(3))
def test_the_steps_count_the_trials_that_wait(seed: int) -> None:
    chance = random.Random(seed)
    waits = [(at(b), at(b + chance.randint(1, 9))) for b in chance.choices(range(50), k=30)]
    waiting_since = [at(b) for b in chance.choices(range(60), k=4)]
    x, y = waiting_steps(waits, waiting_since, START, 70.0, 1000)
    for second in range(70):
        moment = at(second + 0.5)
        n = sum(b <= moment < e for b, e in waits) + sum(b <= moment for b in waiting_since)
        assert y[max(i for i, t in enumerate(x) if t <= second + 0.5)] == n
    assert x[-1] == 70.0
    few_x, few_y = waiting_steps(waits, waiting_since, START, 70.0, 10)
    assert len(few_x) <= 12
    assert max(few_y) == max(y)


def test_nothing_waits() -> None:
    assert waiting_steps([], [], START, 5.0, 10) == ([0.0, 5.0], [0, 0])
