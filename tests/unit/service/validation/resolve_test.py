"""A complete spec is resolved once, and nothing of what is stored changes by it."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from service.errors import InvalidSpecError
from service.tasks.sections import data_of
from service.validation import parse
from service.validation.resolve import resolve
from tests.support import resolved_jobs
from tests.support.jobs import function_job
from tests.support.report_records import BODY


def test_what_follows_from_a_spec_agrees_with_it() -> None:
    job = resolved_jobs.training(BODY)
    assert job.spec == parse.parse(BODY)
    assert (job.task, job.network, job.training, job.density) == (
        job.spec.task, job.spec.network, job.spec.training, job.spec.density
    )  # fmt: skip
    assert job.data == data_of(job.task)
    names = [name for group in job.groups for name in group.value_names(job.density.family)]
    assert [axis.name for axis in job.spaces.searches.vector] == names
    assert [study.name for study in job.studies] == ["random", "uniform", "flat"]


def test_a_resolved_spec_cannot_be_changed() -> None:
    for body in (BODY, function_job()):
        job = resolved_jobs.resolved(body)
        with pytest.raises(FrozenInstanceError):
            job.studies = ()  # type: ignore[misc]


def test_a_stored_set_is_looked_up_first() -> None:
    spec = parse.parse({**BODY, "task": {"kind": "denoising", "dataset": "stored:12"}})
    with pytest.raises(InvalidSpecError) as caught:
        resolve(spec)
    assert [fault.pointer for fault in caught.value.faults] == ["/task/dataset"]
