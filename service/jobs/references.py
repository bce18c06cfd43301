"""What a spec refers to in the database: looked up once, when a job is submitted or estimated."""

from __future__ import annotations

from sqlalchemy.orm import Session

from service.errors import Fault, InvalidSpecError
from service.jobs import dataset_references, density_references
from service.spec import Evaluation, JobSpec
from service.studies.resolved import ResolvedSpec
from service.validation.resolve import resolve


def resolved(session: Session, spec: JobSpec) -> ResolvedSpec:
    """Resolve a spec with the data set and the densities that it names.

    The data set cannot be deleted until the transaction ends.

    Args:
        session: In a transaction.
        spec: A complete spec, as `service.validation.parse.parse` returns it.

    Raises:
        InvalidSpecError: One of them is missing or does not fit, or the spec does not fit it; or
            the spec has a field that only the server fills in.
    """
    if spec.evaluation.continued_to is not None:
        detail = "the server fills this in: leave it out, and extend the job once it has succeeded"
        raise InvalidSpecError([Fault("/evaluation/continued_to", detail)])
    return density_references.resolve(session, resolve(dataset_references.resolve(session, spec)))


def unresolved(session: Session, spec: JobSpec) -> JobSpec:
    """Return a stored spec as a user would submit it: without what was looked up."""
    found = dataset_references.unresolved(density_references.unresolved(session, spec))
    if found.evaluation.continued_to is None:
        return found
    planned = Evaluation.model_validate(
        found.evaluation.model_dump(exclude_unset=True, exclude={"continued_to"})
    )
    return found.model_copy(update={"evaluation": planned})
