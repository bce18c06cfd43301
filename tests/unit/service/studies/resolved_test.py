"""What is known of a job once it is resolved."""

from __future__ import annotations

from typing import Any

import pytest

from service.studies.resolved import FunctionJob, TrainingJob
from tests.support import resolved_jobs
from tests.support.jobs import function_job
from tests.support.report_records import BODY


def job_of(**changes: Any) -> TrainingJob:
    return resolved_jobs.training(BODY | changes)


def test_a_function_has_no_field_of_a_training() -> None:
    job = resolved_jobs.resolved(function_job())
    assert isinstance(job, FunctionJob)
    assert not hasattr(job, "network")


def test_a_trial_of_another_depth_has_groups_of_its_own_network() -> None:
    job = job_of(network={"kind": "dncnn", "depth": 3}, density={"scope": "layer"})
    assert job.groups_of(job.network) == list(job.groups)
    deeper = job.network.model_copy(update={"depth": 5})
    assert (len(job.groups), len(job.groups_of(deeper))) == (3, 5)


def test_a_learned_density_may_have_another_scope() -> None:
    job = job_of(network={"kind": "dncnn", "depth": 3, "kernel_size": [3, 5, 3]}, density=None)
    assert [group.name for group in job.groups_in("network")] == ["3x3", "5x5"]
    assert len(job.groups_in("layer")) == 3


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, False),
        ({"fidelity": {"search_fraction": 0.5}}, True),
        ({"fidelity": {"search_fraction": 0.5, "schedule": "shortened"}}, True),  # it is constant
        (
            {"fidelity": {"search_fraction": 0.5, "schedule": "shortened"},
             "training": {"schedule": "cosine"}},
            False,
        ),
        ({"fidelity": {"search_fraction": 0.5}, "training": {"precision": "bfloat16"}}, False),
    ],
)  # fmt: skip
def test_a_promotion_continues_where_its_beginning_is_the_short_training(
    changes: dict[str, Any], expected: bool
) -> None:
    assert job_of(**{"budget": {"n_trials": 4}, **changes}).promotions_continue is expected
