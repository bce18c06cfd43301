"""What trainings take in packs that are not always full, and what a limit on time leaves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from service.costs import workload
from service.costs.schedule import kind_of, time_of
from service.costs.training_cost import TrainingCost
from service.costs.workload import EVALUATION, PROMOTION, SEARCH, Trainings
from service.studies.resolved import TrainingJob
from tests.support import resolved_jobs

COST = TrainingCost(
    start_s=2.0, epoch_s=(9.0, 10.0, 12.0), final_s=4.0, n=0,
    pack_epoch_s={1: 10.0, 2: 8.0, 4: 5.0},
)  # fmt: skip
ONE_EPOCH = Trainings(SEARCH, 8, 8, 8, (1, 1, 1), is_full=False)


def job_of(**changes: Any) -> TrainingJob:
    body = {
        "name": "digits",
        "task": {"kind": "classification"},
        "training": {"epochs": 1},
        "density": {"bounds": [[0.0, 2.0]]},
        "samplers": ["random"],
        "controls": ["uniform"],
        "budget": {"n_trials": 24},
        "evaluation": {"n_seeds": 5},
    }
    return resolved_jobs.training(body | changes)


@pytest.mark.parametrize(
    ("n_together", "expected"),
    [
        (1.0, 6.0 + 10.0),
        (2.0, 3.0 + 8.0),
        (3.0, 2.0 + (16.0 + 20.0) / 2 / 3),  # half way between the packs of two and of four
        (4.0, 1.5 + 5.0),
    ],
)
def test_a_pack_that_is_not_full_takes_longer_for_each(n_together: float, expected: float) -> None:
    found = kind_of(ONE_EPOCH, COST, 4, n_together).seconds
    assert found.expected == pytest.approx(expected)
    # at least: a full pack, as quick as its lower quartile; at most: alone
    assert found.low == pytest.approx(4.0 / 4 + 5.0 * 0.9)
    assert found.high == pytest.approx(6.0 + 12.0)


def test_a_pack_that_is_slower_than_one_alone_is_told_so() -> None:
    cost = TrainingCost(0.0, (9.0, 10.0, 12.0), 0.0, n=0, pack_epoch_s={1: 10.0, 4: 14.0})
    found = kind_of(ONE_EPOCH, cost, 4, 4.0).seconds
    assert (found.low, found.expected, found.high) == pytest.approx((9.0, 14.0, 16.8))


def test_a_training_of_the_evaluation_ends_with_the_whole_test_split() -> None:
    whole = replace(COST, test_s=500.0)
    found = kind_of(replace(ONE_EPOCH, kind=EVALUATION), whole, 1, 1.0).seconds
    assert found.expected == pytest.approx(2.0 + 500.0 + 10.0)
    assert kind_of(ONE_EPOCH, whole, 1, 1.0) == kind_of(ONE_EPOCH, COST, 1, 1.0)
    # What an earlier version measured says nothing of it.
    old = kind_of(replace(ONE_EPOCH, kind=EVALUATION), COST, 1, 1.0).seconds
    assert old.expected == pytest.approx(2.0 + 4.0 + 10.0)


@pytest.mark.parametrize(
    ("kind", "width", "n_workers", "expected"),
    [
        (SEARCH, 8, 2, 8.0),  # all 24 at once, 12 for each
        (SEARCH, 8, 6, 4.0),
        (SEARCH, 8, 30, 1.0),
        (SEARCH, 1, 2, 1.0),
        (EVALUATION, 8, 1, 2.0),  # the search and uniform; other seeds are other packs
    ],
)
def test_only_what_is_there_at_once_shares_a_pack(
    kind: str, width: int, n_workers: int, expected: float
) -> None:
    job = job_of()
    (each,) = (t for t in workload.trainings_of(job) if t.kind == kind)
    assert workload.n_together(job, each, width, n_workers) == pytest.approx(expected)


def test_rounds_limit_packs() -> None:
    job = job_of(samplers=[{"name": "tpe", "batch_size": 6}])
    (search,) = (t for t in workload.trainings_of(job) if t.kind == SEARCH)
    assert workload.n_together(job, search, 8, 2) == pytest.approx(3.0)


def test_searches_end_at_a_limit_on_time() -> None:
    free = job_of(evaluation={"n_seeds": 0})
    limited = job_of(
        evaluation={"n_seeds": 0}, budget={"n_trials": 24, "wall_clock_s": 100.0}
    )  # fmt: skip
    found = []
    for job in (free, limited):
        kinds = [kind_of(each, COST, 1, 1.0) for each in workload.trainings_of(job)]
        found.append(time_of(job, kinds, 1, 2))
    assert found[0] is not None
    assert found[1] is not None
    assert found[0].expected == pytest.approx(25 * 16.0 / 2)
    assert (found[1].low, found[1].expected) == (100.0, 100.0)
    assert found[1].high == found[0].high


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, (3, 3, 4)),
        (
            {"fidelity": {"search_fraction": 0.25, "promote": 1, "schedule": "shortened"}},
            (4, 4, 4),
        ),
        ({"training": {"epochs": 4, "precision": "bfloat16"}}, (4, 4, 4)),
    ],
)
def test_a_promotion_goes_on_from_its_short_training_where_it_can(
    changes: dict[str, Any], expected: tuple[int, int, int]
) -> None:
    given = {
        "training": {"epochs": 4, "schedule": "cosine"},
        "fidelity": {"search_fraction": 0.25, "promote": 1},
    }
    job = job_of(**{**given, **changes})
    (promotion,) = (t for t in workload.trainings_of(job) if t.kind == PROMOTION)
    assert promotion.epochs == expected


@pytest.mark.parametrize(
    ("epochs", "pruning", "least"),
    [
        # 1 + 2 / 3 + 6 / 9; 1 + 1 / 2 + 2 / 4 + 4 / 8 + 1 / 16; 3 + 6 / 4; half of 9 + 1 + 1.
        (9, {"rule": "halving", "eta": 3}, 3),
        (9, {"rule": "halving", "eta": 2}, 3),
        (9, {"rule": "halving", "eta": 4, "min_epochs": 3}, 5),
        (9, {"rule": "median", "warmup_epochs": 1}, 6),
    ],
)
def test_what_is_stopped_takes_fewer_epochs_at_least(
    epochs: int, pruning: dict[str, object], least: int
) -> None:
    job = job_of(
        training={"epochs": epochs},
        samplers=[{"name": "random", "batch_size": 4}],
        budget={"n_trials": 8},
        pruning=pruning,
    )
    (search,) = (t for t in workload.trainings_of(job) if t.kind == SEARCH)
    assert search.epochs == (least, epochs, epochs)
