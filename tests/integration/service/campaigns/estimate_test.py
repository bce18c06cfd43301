"""The estimate of a campaign against those of its cells."""

from __future__ import annotations

from typing import Any

import pytest

from service.campaigns.estimate import estimate
from service.costs.prices import UNPRICED
from service.errors import InvalidSpecError
from service.jobs.estimate import estimate as estimate_job
from service.storage.database import Database
from tests.support.campaigns import SPHERES, TWO_PHOTOS, wanted
from tests.support.estimates import dispatch, measure


def estimated(database: Database, body: dict[str, Any], **changes: Any) -> Any:  # noqa: ANN401
    given = wanted(body, **changes)
    return estimate(database, given, UNPRICED, 15.0, lambda: "none runs")


def test_cells_that_cost_the_same_are_looked_at_once(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def counted(*args: Any) -> Any:  # noqa: ANN401
        calls.append(args)
        return estimate_job(*args)

    monkeypatch.setattr("service.campaigns.estimate.estimate_job", counted)
    found = estimated(sqlite_database, SPHERES, matrix={"seed": [*range(50)], "repeats": [1, 2]})
    assert len(calls) == 2
    assert (found.n_cells, found.state) == (100, "ready")
    assert found.n_trainings == 50 * (6 + 12)


def test_a_campaign_that_is_not_measured_yet_says_so(sqlite_database: Database) -> None:
    found = estimated(sqlite_database, TWO_PHOTOS)
    assert (found.state, found.detail) == ("measuring", "none runs")
    assert found.work_s is found.time_s is found.money is None
    assert found.n_trainings > 0


def test_a_campaign_that_would_be_refused_has_no_estimate(sqlite_database: Database) -> None:
    changes = {"matrix": {"task.dimension": [0, 2], "seed": [0, 1]}}
    with pytest.raises(InvalidSpecError) as refused:
        estimated(sqlite_database, SPHERES, **changes)
    (fault,) = refused.value.faults
    assert fault.pointer == "/matrix/task.dimension/0"
    gone = {"matrix": {"task.dataset": ["photos", "stored:3"]}}
    with pytest.raises(InvalidSpecError) as refused:
        estimated(sqlite_database, TWO_PHOTOS, **gone)
    assert refused.value.faults[0].pointer == "/matrix/task.dataset/1"


def test_the_lower_end_is_without_what_cells_share(sqlite_database: Database) -> None:
    sleeping = SPHERES["base"] | {"task": SPHERES["base"]["task"] | {"sleep_s": 2.0}}
    found = estimated(
        sqlite_database, SPHERES, base=sleeping, matrix={"budget.n_trials": [4, 8, 16]}
    )
    assert found.n_shared == 4 + 8
    assert (found.work_s.low, found.work_s.high) == (2.0 * 16, 2.0 * 28)


def test_jobs_that_tune_their_rate_with_one_seed_share_that(sqlite_database: Database) -> None:
    base = {
        "task": {"kind": "classification"},
        "network": {"kind": "small_cnn", "depth": 2},
        "density": {"family": "gaussian", "bounds": [[0.5, 4.0]], "normalised": True},
        "tuned_rate": {"seed": 0},
        "samplers": ["grid"],
        "controls": ["uniform_tuned"],
        "budget": {"n_trials": 9},
        "evaluation": {"n_seeds": 0},
    }
    matrix = {"network.width": [4, 8], "seed": [0, 1, 2]}
    worker = dispatch(sqlite_database)
    estimated(sqlite_database, TWO_PHOTOS, base=base, matrix=matrix)
    for _ in range(2):
        measure(sqlite_database, worker)
    found = estimated(sqlite_database, TWO_PHOTOS, base=base, matrix=matrix)
    assert found.state == "ready"
    # A job: 9 widths; 9 rates, and the best 3 of them with two more seeds.
    assert found.n_trainings == 6 * (9 + 9 + 6)
    assert found.n_shared == 2 * 2 * (9 + 6)
    own = estimated(sqlite_database, TWO_PHOTOS, base=base | {"tuned_rate": {}}, matrix=matrix)
    assert own.n_shared == 0
