"""What a spec refers to in the database: looked up once, when a job is submitted or estimated."""

from __future__ import annotations

from sqlalchemy.orm import Session

from service.jobs import dataset_references, density_references
from service.spec import JobSpec
from service.studies.resolved import ResolvedSpec
from service.validation.resolve import resolve


def resolved(session: Session, spec: JobSpec) -> ResolvedSpec:
    """Resolve a spec with the data set and the densities that it names.

    The data set cannot be deleted until the transaction ends.

    Args:
        session: In a transaction.
        spec: A complete spec, as `service.validation.parse.parse` returns it.

    Raises:
        InvalidSpecError: One of them is missing or does not fit, or the spec does not fit it.
    """
    return density_references.resolve(session, resolve(dataset_references.resolve(session, spec)))


def unresolved(session: Session, spec: JobSpec) -> JobSpec:
    """Return a stored spec as a user would submit it: without what was looked up."""
    return dataset_references.unresolved(density_references.unresolved(session, spec))
