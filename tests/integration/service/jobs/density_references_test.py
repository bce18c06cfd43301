"""Densities of earlier jobs as starting points of a new one."""

from __future__ import annotations

import numpy as np
import pytest

from service.errors import (
    InvalidSpecError,
)
from service.jobs import commands as use_cases
from service.states import Phase
from service.storage import densities, job_pages
from service.storage.database import Database
from service.validation import parse
from tests.support.courses import found
from tests.support.jobs import run_whole, training_job


def test_densities_of_an_earlier_job_are_tried_first(database: Database) -> None:
    earlier = run_whole(database, training_job(samplers=["random"], controls=[]))
    with database.read() as session:
        (known,) = densities.of_job(session, earlier)
    start = {"densities": [known.id], "vectors": [[0.3]]}
    job_id = run_whole(
        database, training_job(samplers=["tpe", "direct_l"], warm_start=start, seed=3)
    )
    arms, every = found(database, job_id)
    first = [t for t in every if t.study_id == arms["tpe"].id and t.phase is Phase.SEARCH][:2]
    assert first[0].params["den"] == [pytest.approx(0.3)]
    assert first[1].params["den"] == [pytest.approx(known.vector[0])]
    centre = next(t for t in every if t.study_id == arms["direct_l"].id)
    assert centre.point == [0.5]  # the exact sequence starts where it starts
    clone = use_cases.clone(database, job_id, {"name": "again"})
    assert clone.spec["warm_start"]["vectors"] == [[0.3], known.vector]
    sent, _ = use_cases.submit(database, parse.parse(clone.spec))  # as its answer shows it
    assert sent.spec == clone.spec


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"network": {"kind": "dncnn", "kernel_size": 5}, "density": {}}, "name one of that kind"),
        ({"density": {"family": "separable"}}, "this job searches separable"),
        ({}, None),
    ],
)
def test_densities_that_do_not_fit_are_refused(
    sqlite_database: Database, changes: dict[str, object], words: str | None
) -> None:
    earlier = run_whole(sqlite_database, training_job(samplers=["random"], controls=[]))
    with sqlite_database.read() as session:
        (known,) = densities.of_job(session, earlier)
    missing = known.id + 1000
    start = {"densities": [known.id] if words else [missing]}
    body = training_job(samplers=["tpe"], warm_start=start) | changes
    with pytest.raises(InvalidSpecError, match=words or f"no density {missing}") as caught:
        use_cases.submit(sqlite_database, parse.parse(body))
    assert caught.value.faults[0].pointer == "/warm_start/densities/0"
    with sqlite_database.read() as session:
        assert len(job_pages.page(session, limit=10)) == 1


RATES = {"lr": {"low": 0.01, "high": 1.0, "log": True}}


def test_a_stored_density_starts_a_search_of_the_rate_with_its_scale(
    sqlite_database: Database,
) -> None:
    small = training_job(samplers=["tpe"], controls=["uniform"], evaluation={"n_seeds": 0})
    small |= {"budget": {"n_trials": 3}}
    earlier = run_whole(sqlite_database, small | {"controls": []})
    scaled = run_whole(sqlite_database, small | {"controls": [], "search": RATES, "seed": 1})
    plain = run_whole(sqlite_database, small | {"samplers": ["gradient"]})
    with sqlite_database.read() as session:
        known = [densities.of_job(session, job_id)[-1] for job_id in (earlier, scaled, plain)]
    assert [density.family for density in known] == ["symmetric", "symmetric", "uniform"]
    start = {"densities": [density.id for density in known]}
    job_id = run_whole(sqlite_database, small | {"warm_start": start, "search": RATES, "seed": 2})
    arms, every = found(sqlite_database, job_id)
    first = [t for t in every if t.study_id == arms["tpe"].id and t.phase is Phase.SEARCH]
    scales = [float(np.sqrt(np.mean(np.square(density.phi)))) for density in known]
    shapes = [known[0].vector, known[1].vector, [1.0]]
    for trial, scale, shape in zip(first, scales, shapes, strict=True):
        assert trial.params["factor"] == pytest.approx(scale, rel=1e-9)
        assert trial.params["den"] == pytest.approx(shape, rel=1e-9)
