"""The order in which waiting trials may start, against a plain sort."""

from __future__ import annotations

import heapq
import random
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from service.orchestration.waiting_trials import Waiting
from service.records import Trial
from service.states import Phase, TrialState


def trial(trial_id: int, **changes: Any) -> Trial:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    plain = Trial(
        id=trial_id, job_id=1, study_id=1, phase=Phase.SEARCH, number=trial_id,
        state=TrialState.WAITING, certainty="certain", point=[], params={}, digest=str(trial_id),
        payload={}, seed=0, value=None, is_diverged=False, metrics=None, curve=None, learned=None,
        training_s=None, cached_from=None, n_attempts=0, error=None, queued_at=now,
        started_at=None, finished_at=None,
    )  # fmt: skip
    return replace(plain, **changes)


def test_trials_come_by_the_part_of_their_budget_then_by_age() -> None:
    waiting = Waiting()
    for trial_id, progress in ((1, 0.5), (2, 0.0), (3, 0.5), (4, 0.25), (5, 1.0)):
        waiting.put(trial(trial_id), progress)
    assert list(waiting.in_order()) == [2, 4, 1, 3, 5]
    waiting.remove(trial(4))
    assert list(waiting.in_order()) == [2, 1, 3, 5]
    assert (len(waiting), 4 in waiting, 3 in waiting) == (4, False, True)


@pytest.mark.parametrize("seed", range(5))
def test_any_coming_and_going_gives_the_order_of_a_sort(seed: int) -> None:
    chance = random.Random(seed)
    progress = {trial_id: chance.choice([0.0, 0.1, 0.5, 1.0]) for trial_id in range(60)}
    waiting, expected = Waiting(), set[int]()
    for _ in range(500):
        trial_id = chance.randrange(60)
        if trial_id in expected:
            waiting.remove(trial(trial_id))
            expected.discard(trial_id)
        else:
            waiting.put(trial(trial_id), progress[trial_id])
            expected.add(trial_id)
        if chance.random() < 0.3:
            assert list(waiting.in_order()) == sorted(expected, key=lambda i: (progress[i], i))


def test_trials_may_leave_while_they_are_looked_through() -> None:
    waiting = Waiting()
    for trial_id in range(10):
        waiting.put(trial(trial_id), 0.0)
    found = []
    for trial_id in waiting.in_order():
        found.append(trial_id)
        waiting.remove(trial(trial_id))
        if trial_id == 3:
            waiting.remove(trial(5))
    assert found == [0, 1, 2, 3, 4, 6, 7, 8, 9]
    assert len(waiting) == 0


def counted_pushes(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Return what will hold every item that is pushed on a heap."""
    calls: list[object] = []
    push = heapq.heappush

    def counted(heap: list[Any], item: tuple[object, int]) -> None:
        calls.append(item)
        push(heap, item)

    monkeypatch.setattr(heapq, "heappush", counted)
    return calls


def test_the_first_of_many_cost_no_look_at_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = Waiting()
    for trial_id in range(4000):
        waiting.put(trial(trial_id), trial_id / 4000)
    calls = counted_pushes(monkeypatch)
    iterator = waiting.in_order()
    assert [next(iterator) for _ in range(8)] == list(range(8))
    assert len(calls) <= 16


def test_those_that_left_behind_a_front_that_stays_cost_nothing_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waiting = Waiting()
    for trial_id in range(4000):
        waiting.put(trial(trial_id), trial_id / 4000)
    for trial_id in range(8, 3992):  # the first eight are in training elsewhere
        waiting.remove(trial(trial_id))
    assert list(waiting.in_order()) == [*range(8), *range(3992, 4000)]
    calls = counted_pushes(monkeypatch)
    assert len(list(waiting.in_order())) == 16
    assert len(calls) <= 64
    waiting.put(trial(9), 9 / 4000)  # its attempt was lost
    assert list(waiting.in_order())[8] == 9


def test_those_of_one_training_and_those_run_ahead_are_known() -> None:
    waiting = Waiting()
    for trial_id in (3, 1, 2):
        waiting.put(trial(trial_id, digest="same"), 0.0)
    assert waiting.with_digest("same") == [1, 2, 3]
    assert waiting.with_digest("other") == []
    ahead = trial(7, number=None, certainty="predicted")
    waiting.put(ahead, 0.0)
    assert (len(waiting), waiting.n_needed) == (4, 3)
    waiting.put(replace(ahead, number=9), 0.0)  # the sequence asked for it
    assert waiting.n_needed == 4
    waiting.put(trial(8, number=None, certainty="predicted"), 0.0)
    waiting.remove(trial(8, number=None, certainty="predicted"))
    assert (waiting.n_needed, list(waiting.in_order())) == (4, [1, 2, 3, 7])


def test_held_trials_are_there_but_may_not_start() -> None:
    waiting = Waiting()
    for trial_id in range(4):
        waiting.put(trial(trial_id, digest="same"), 0.0, is_held=trial_id in (0, 2))
    assert (list(waiting.in_order()), len(waiting), waiting.n_needed) == ([1, 3], 4, 2)
    assert waiting.with_digest("same") == [0, 1, 2, 3]  # a result would end any of them
    waiting.put(trial(0, digest="same"), 0.0)
    waiting.put(trial(3, digest="same"), 0.0, is_held=True)
    assert (list(waiting.in_order()), waiting.n_needed) == ([0, 1], 2)
    guess = trial(4, certainty="predicted", number=None, digest="guess")
    waiting.put(guess, 0.0, is_held=True)
    assert waiting.n_needed == 2
    for trial_id in (2, 3):
        waiting.remove(trial(trial_id, digest="same"))
    assert (list(waiting.in_order()), len(waiting)) == ([0, 1], 3)
