"""A job is answered with its counts, its best trial and the values of its search, whole."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from api.schemas.jobs import BestOut, JobOut, JobSummaryOut, ProgressOut, VectorEntryOut
from service.jobs.progress import Best, Progress
from service.records import Job
from service.studies.search_vector import VectorEntry
from tests.support.schemas import answered, known

# Who holds a job, and its clock of work: no matter of a client's.
HIDDEN = {"lease_owner", "lease_fence", "lease_until", "worked_s", "working_since"}


@pytest.mark.parametrize(
    ("model", "record"),
    [(ProgressOut, Progress), (BestOut, Best), (VectorEntryOut, VectorEntry)],
)
def test_a_part_is_answered_whole(model: type[BaseModel], record: type[Any]) -> None:
    assert answered(model) == known(record)


def test_a_job_is_answered_without_its_lease() -> None:
    derived = {"fraction", "vector", "progress", "best", "ahead", "decision"}
    derived |= {"earlier_looks", "data_warnings", "tags"}  # of other rows
    derived |= {"task", "samplers"}  # of its spec
    hidden = known(Job) - answered(JobOut)
    assert answered(JobOut) - derived <= known(Job)
    assert hidden == HIDDEN
    assert answered(JobSummaryOut) < answered(JobOut)


@pytest.mark.parametrize("fraction", [-0.01, 1.01])
def test_a_fraction_beyond_its_range_is_a_defect_of_ours(fraction: float) -> None:
    counts: dict[str, Any] = dict.fromkeys(answered(ProgressOut), 0)
    with pytest.raises(ValidationError, match="fraction"):
        ProgressOut.model_validate(counts | {"fraction": fraction})
