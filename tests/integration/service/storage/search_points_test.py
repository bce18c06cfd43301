"""The trials of a search that its page looks at: all, or the best and an even sample."""

from __future__ import annotations

import random

import pytest

from service import clock
from service.states import TrialState
from service.storage import studies, trials
from service.storage.database import Database
from service.storage.search_points import first_points, some_points
from tests.support import seeding

pytestmark = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
N = 60


def fill(database: Database, order: random.Random) -> int:
    """Store a search whose trials were issued in some order; return its study's id.

    The best are failed, diverged and unnumbered ones: the first is no result, nor is the second.
    """
    job = seeding.submit(database, "searched")
    numbers = list(range(N))
    order.shuffle(numbers)
    with database.write() as session:
        study = studies.of_job(session, job.id)[0]
        row = {
            "job_id": job.id, "study_id": study.id, "phase": "search", "certainty": "certain",
            "params": {}, "payload": {}, "seed": 0, "queued_at": clock.now(),
        }  # fmt: skip
        rows = []
        for number in [*numbers, None]:
            value = 100.0 + (7 * number) % N if number is not None else 1.0
            is_failed, is_diverged = number == 5, number == 6
            rows.append(
                row | {
                    "number": number, "digest": f"{study.id}-{number}",
                    "point": [0.5, value / 200.0],
                    "state": TrialState.FAILED if is_failed else TrialState.COMPLETED,
                    "value": None if is_failed else 0.0 if is_diverged else value,
                    "is_diverged": is_diverged,
                }
            )  # fmt: skip
        trials.insert_all(session, rows)
    return study.id


def test_the_best_and_an_even_sample_of_the_sequence_whatever_the_order_of_issue(
    database: Database,
) -> None:
    ids = [fill(database, random.Random(seed)) for seed in (1, 2)]
    with database.read() as session:
        chosen = [some_points(session, one, 20) for one in ids]
        every = some_points(session, ids[0], N + 1)
        first = first_points(session, ids[0], 10)
    assert (len(every), every.n_trials) == (N + 1, N + 1)
    assert all(point.is_even for point in every.points)
    found, again = ({(p.number, p.value, p.is_even) for p in one.points} for one in chosen)
    assert found == again
    assert chosen[0].n_trials == N + 1
    assert len(found) <= 20
    even = {number for number, _, is_even in found if is_even}
    assert even == {*range(0, N, 5), None}  # 61 trials in the order of number, 15 at most
    by_value = sorted((100 + (7 * number) % N, number) for number in range(N))
    results = [number for _, number in by_value if number not in {5, 6}]
    assert {number for number, *_ in found} - even == set(results[:4]) - even
    assert [point.number for point in first] == list(range(10))
    issued = [point.trial_id for point in chosen[0].points]
    assert issued == sorted(issued)
