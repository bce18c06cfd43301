"""Densities of earlier jobs as starting points: read from the database when a job is submitted.

Their vectors are stored with the job's spec, so that its result depends on the spec alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sqlalchemy.orm import Session

from densearch.density.scale import matching_factor
from service.errors import Fault, InvalidSpecError, NotFoundError
from service.jobs.density_files import density_of
from service.records import DensityRecord
from service.spec import JobSpec
from service.storage import densities
from service.studies.layer_groups import window_of
from service.studies.nesting import FLAT, UNIFORM
from service.studies.resolved import FunctionJob, ResolvedSpec, TrainingJob
from service.studies.spaces import POSITIVE_FAMILIES

# Densities without shape: an arm that contains them may be represented by one.
PLAIN = (UNIFORM, FLAT)


def resolve(session: Session, resolved: ResolvedSpec) -> ResolvedSpec:
    """Add the vectors of the densities that a job starts from, after its own.

    Raises:
        InvalidSpecError: One is missing, or of another family or kernel size.
    """
    start = resolved.spec.warm_start
    if start is None or not start.densities or isinstance(resolved, FunctionJob):
        return resolved
    faults: list[Fault] = []
    vectors: list[list[float]] = []
    for index, density_id in enumerate(start.densities):
        at = f"/warm_start/densities/{index}"
        try:
            found = densities.get(session, density_id)
        except NotFoundError as error:
            faults.append(Fault(at, str(error)))
            continue
        if misfits := list(_misfits(resolved, found)):
            faults += [Fault(at, detail) for detail in misfits]
        else:
            vectors.append(_vector_of(resolved, found))
    if faults:
        raise InvalidSpecError(faults)
    if start.vectors[-len(vectors) :] == vectors:  # the spec of a job's answer, submitted again
        return resolved
    own = start.model_copy(update={"vectors": [*start.vectors, *vectors]})
    return replace(resolved, spec=resolved.spec.model_copy(update={"warm_start": own}))


def _vector_of(resolved: TrainingJob, found: DensityRecord) -> list[float]:
    """Return a density's vector, with its scale where the job searches one.

    The scale of any density is the root mean square of its Phi; its vector is that of its shape.
    """
    vector = _shape_of(resolved, found)
    if not resolved.spaces.searches.is_scaled:
        return vector
    return [matching_factor(density_of(found)), *vector]


def _shape_of(resolved: TrainingJob, found: DensityRecord) -> list[float]:
    """Return the values of a density's shape; of one without shape, those of the plain one."""
    (group,) = resolved.groups
    if found.family in PLAIN:
        return [1.0] * group.n_free(resolved.density.family)
    return found.vector


def unresolved(session: Session, spec: JobSpec) -> JobSpec:
    """Remove the densities' vectors from a spec, so that it can be submitted again.

    Once one of the densities was deleted with its job, the spec keeps the vectors of all of them
    in place of their ids.
    """
    start = spec.warm_start
    if start is None or not start.densities:
        return spec
    if densities.are_kept(session, start.densities):
        changes: dict[str, object] = {"vectors": start.vectors[: -len(start.densities)]}
    else:
        changes = {"densities": []}
    return spec.model_copy(update={"warm_start": start.model_copy(update=changes)})


def _misfits(resolved: TrainingJob, found: DensityRecord) -> Iterator[str]:
    group, *others = resolved.groups
    if others:
        yield (
            f"this job searches {1 + len(others)} densities at once, density {found.id} is one: "
            "give their values together as warm_start.vectors"
        )
        return
    wanted = (resolved.density.family, group.window)
    own = window_of(found.kernel_size, found.n_dims)
    is_plain = found.family in PLAIN and resolved.density.family not in POSITIVE_FAMILIES
    if (found.family, own) != wanted and not (is_plain and own == group.window):
        yield (
            f"density {found.id} is {found.family} on a {own} kernel, this job searches "
            f"{wanted[0]} on {wanted[1]}: name one of that kind"
        )
    elif found.layer:
        yield f"density {found.id} belongs to {found.layer} alone: name a whole one"
