"""Which test split a job judges on: jobs with the same name of it look at the same items."""

from __future__ import annotations

from pydantic import ValidationError

from densearch.plugins.sections import OwnTask
from service.digest import digest_of
from service.records import STORED, Json
from service.spec import JobSpec
from service.tasks.external import ExternalTask
from service.tasks.function import FunctionTask


def split_of(spec: JobSpec) -> str | None:
    """Return the name of a job's test split, at most 200 characters; None where there is none.

    A stored set is known by the digest of its content and split, another by its name. What a job
    trains on, and how, makes no other test split. The data of a package's objective are known
    by all of its settings.
    """
    task = spec.task
    # The data of a trainer outside are not known here.
    if isinstance(task, FunctionTask | ExternalTask) or spec.evaluation.n_seeds == 0:
        return None
    if isinstance(task, OwnTask):
        return digest_of(task.model_dump(mode="json"))
    if task.data is not None and task.data.sha256 is not None:
        return f"{STORED}:{task.data.sha256}"
    return task.dataset


def split_named(spec: Json) -> str | None:
    """Return the same for a stored spec; None also where it is of a version that is not here."""
    try:
        return split_of(JobSpec.model_validate(spec))
    except ValidationError:  # or of a package that is not here
        return None
