"""What each value of a stored job's search vector means."""

from __future__ import annotations

from typing import Any

import pytest

from service.jobs.search_vectors import of_job
from tests.support.report_records import spec_of
from tests.support.runs import job_of


def test_every_value_of_a_stored_job_is_described() -> None:
    spec = spec_of(density={"family": "separable"})
    entries = of_job(job_of(spec=spec.model_dump(mode="json")))
    assert entries is not None
    assert spec.density is not None
    assert len(entries) == len(spec.density.bounds or [])


@pytest.mark.parametrize(
    "changes",
    [
        {"network": {"kind": "gone"}},  # came with a package that is not installed any more
        {"training": {"learning_rate": 1.0}},  # a field that an earlier version took
        {"density": {"bounds": [[0.0, 1.0]] * 99}},
    ],
)
def test_a_job_that_this_server_would_refuse_has_no_description(changes: dict[str, Any]) -> None:
    stored = spec_of().model_dump(mode="json")
    assert of_job(job_of(spec=stored | changes)) is None
