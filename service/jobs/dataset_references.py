"""Stored data sets in specs: looked up in the database when a job is submitted.

The facts about a set that validation needs are stored with the job's spec: its result then depends
on the spec alone, and the digest of a training on the set's content.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from densearch.plugins.data_info import DataInfo
from densearch.plugins.sections import OwnTask
from service.datasets import subsets
from service.datasets.store.encoded import is_encoded
from service.errors import Fault, InvalidSpecError, NotFoundError
from service.records import STORED, Dataset, Job
from service.spec import JobSpec
from service.storage import datasets
from service.tasks.function import FunctionTask
from service.tasks.kinds import TRAINED
from service.tasks.registry import TASKS
from service.tasks.sections import TrainingTask, is_stored
from service.validation import parse

AT, FACTS_AT = "/task/dataset", "/task/data"
LEAVE_OUT = "leave them out, the server fills them in"


def resolve(session: Session, spec: JobSpec) -> JobSpec:
    """Add the facts about the stored set that a spec names, and validate the spec again.

    The set cannot be deleted until the transaction ends.

    Args:
        session: In a transaction.
        spec: A complete spec, as `service.validation.parse.parse` returns it.

    Raises:
        InvalidSpecError: There is no such set, it does not fit the task, or the spec does not fit
            it; or the spec has facts of another set. Those of this set, as a job's answer has
            them, are accepted: its spec can be submitted again.
    """
    if isinstance(spec.task, FunctionTask | OwnTask):
        return spec
    if not is_stored(spec.task):
        if spec.task.data is not None:
            raise InvalidSpecError([Fault(FACTS_AT, f"{spec.task.dataset} has none: {LEAVE_OUT}")])
        return spec
    found = _find(session, spec.task.dataset)
    if spec.task.data is not None and spec.task.data.sha256 != found.sha256:
        detail = f"these are facts of another data set than {spec.task.dataset}: {LEAVE_OUT}"
        raise InvalidSpecError([Fault(FACTS_AT, detail)])
    misfit = TASKS[spec.task.kind].misfit(found.details["manifest"])
    if misfit is not None:
        raise InvalidSpecError([Fault(AT, f"data set {found.id} {misfit}")])
    return parse.complete(_with_data(spec, spec.task, info_of(found, spec.task.kind)))


def unresolved(spec: JobSpec) -> JobSpec:
    """Remove the fields that `resolve` added: the spec as a user would submit it."""
    if isinstance(spec.task, FunctionTask | OwnTask) or spec.task.data is None:
        return spec
    return _with_data(spec, spec.task, None)


def require(session: Session, spec: JobSpec) -> None:
    """Hold the stored set that a job's spec names, so that the job can continue.

    Raises:
        NotFoundError: It was deleted.
    """
    if not isinstance(spec.task, FunctionTask | OwnTask) and is_stored(spec.task):
        datasets.hold(session, int(spec.task.dataset.removeprefix(f"{STORED}:")))


def warnings_of(session: Session, job: Job) -> list[str]:
    """Return what the page of a job's stored set warns of; nothing where it was deleted."""
    name = str((job.spec.get("task") or {}).get("dataset") or "")
    prefix, _, number = name.partition(":")
    if prefix != STORED or not number.isdecimal():
        return []
    try:
        found: list[str] = datasets.get(session, int(number)).details["warnings"]
    except NotFoundError:
        return []
    return found


def info_of(found: Dataset, task: str) -> DataInfo:
    """Return the facts about a set that validation needs for a kind of task."""
    manifest = found.details["manifest"]
    return DataInfo(
        sha256=found.sha256,
        n_dims=manifest["n_dims"],
        n_channels=manifest["n_channels"],
        size_px=manifest["size_px"],
        least_px=found.details.get("least_px"),  # sets of earlier versions have none
        is_uniform=manifest["is_uniform"],
        is_encoded=is_encoded(manifest),
        n_outputs=TASKS[task].n_outputs(manifest),
        n_training=manifest["counts"]["train"],
        least_n_train=_least_n_train(found, task),
    )


def _least_n_train(found: Dataset, task: str) -> int | None:
    """Return the least size of a subset with all classes; None for a task without classes."""
    counts = (found.details.get("class_counts") or {}).get("train")
    is_labelled = TRAINED[task].data == "classes"
    return subsets.least_size(counts) if is_labelled and counts and any(counts) else None


def _with_data(spec: JobSpec, task: TrainingTask, data: DataInfo | None) -> JobSpec:
    return spec.model_copy(update={"task": task.model_copy(update={"data": data})})


def _find(session: Session, name: str) -> Dataset:
    number = name.removeprefix(f"{STORED}:")
    if not (number.isascii() and number.isdecimal() and len(number) < 19):
        raise InvalidSpecError([Fault(AT, f'a stored set is named by its id, as "{STORED}:12"')])
    try:
        return datasets.hold(session, int(number))
    except NotFoundError as error:
        raise InvalidSpecError([Fault(AT, f"{error}: GET /v1/datasets lists them")]) from error
