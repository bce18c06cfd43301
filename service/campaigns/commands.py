"""Commands on campaigns: submit, extend, cancel."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.campaigns import faults as cell_faults
from service.campaigns import matrix as cells_in
from service.campaigns.matrix import Matrix
from service.campaigns.request import CampaignSpec, Extension
from service.costs.prices import UNPRICED, Prices
from service.digest import digest_of
from service.errors import (
    Fault,
    IdempotencyConflictError,
    InvalidSpecError,
    NotFoundError,
)
from service.jobs import commands, dataset_references
from service.records import Json
from service.spec import JobSpec
from service.storage import campaigns, dispatchers
from service.storage.campaigns import Campaign
from service.storage.database import Database
from service.studies.resolved import ResolvedSpec
from service.validation import parse
from service.validation.json_pointers import escape

# A setting of the server (`Settings.max_campaign_cells`).
MOST_CELLS = 1000
# Of a base with thousands of unknown fields each cell has them all again: the first cells say so.
MOST_FAULTS = 10_000


def submit(
    database: Database,
    wanted: CampaignSpec,
    key: str | None = None,
    prices: Prices = UNPRICED,
    most_cells: int = MOST_CELLS,
) -> tuple[Campaign, bool]:
    """Store a campaign with a job for each cell, all of them or none.

    Args:
        database: Stores the campaign.
        wanted: What the user sent.
        key: The request's Idempotency-Key: the same key and body give the same campaign again.
        prices: By which a budget in money is counted.
        most_cells: The largest number of cells.

    Returns:
        The campaign, and whether it is new.

    Raises:
        IdempotencyConflictError: The key came with another body before.
        InvalidSpecError: The matrix or the spec of a cell is refused: all faults of all cells,
            see `service.campaigns.faults.listed`.
    """
    check(wanted.base, wanted.matrix, most_cells)
    digest = digest_of(wanted.model_dump(mode="json"))
    with database.read() as session:
        earlier = _earlier(session, key, digest)
    if earlier is not None:
        return earlier, False
    base = with_method(wanted.base)
    cells = cells_in.cells_of(wanted.matrix)
    parsed = specs_of(wanted.name, base, cells, prices)
    resolved = _admitted(database, wanted.base, cells, wanted.matrix, *parsed)
    try:
        with database.write() as session:
            earlier = _earlier(session, key, digest)
            if earlier is not None:
                return earlier, False
            _hold_datasets(session, resolved)
            made = campaigns.insert_campaign(
                session,
                name=wanted.name,
                base=base,
                matrix=wanted.matrix,
                key=key,
                body_digest=digest,
            )
            _insert(session, made.id, 0, cells, resolved)
            return made, True
    except NotFoundError:  # a data set was deleted meanwhile: the faults say which
        return submit(database, wanted, key, prices, most_cells)
    except IntegrityError:  # on PostgreSQL two requests with one key may run at once
        with database.read() as session:
            earlier = _earlier(session, key, digest)
        if earlier is None:
            raise
        return earlier, False


def with_method(base: Mapping[str, Any]) -> Json:
    """Return a base with its method: an extension follows the rules of the campaign."""
    return {"method": parse.NEWEST_METHOD, **base}


def check(base: Mapping[str, Any], matrix: Matrix, most_cells: int) -> None:
    """Refuse a matrix before any cell of it is made.

    Raises:
        InvalidSpecError: It has too many cells, a path that leads nowhere, or a value twice.
    """
    n_cells = cells_in.n_cells(matrix)
    if n_cells > most_cells:
        detail = (
            f"the product has {n_cells:,} cells: at most {most_cells:,} are taken, take values "
            "or an axis away (DENSEARCH_MAX_CAMPAIGN_CELLS)"
        )
        raise InvalidSpecError([Fault("/matrix", detail)])
    faults = [*_not_finite(base, "/base"), *_not_finite(matrix, "/matrix")]
    faults += [] if faults else cells_in.faults(base, matrix)
    if not faults and cells_in.spec_bytes(base, matrix) > cells_in.MOST_SPEC_BYTES:
        most = cells_in.MOST_SPEC_BYTES // 1_000_000
        detail = f"{n_cells:,} specs of this size exceed {most} MB: take cells away"
        faults = [Fault("/matrix", detail)]
    if faults:
        raise InvalidSpecError(faults)


def _not_finite(value: object, at: str) -> Iterator[Fault]:
    if isinstance(value, float) and not math.isfinite(value):
        yield Fault(at, "must be a finite number")
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _not_finite(item, f"{at}/{escape(name)}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _not_finite(item, f"{at}/{index}")


def _earlier(session: Session, key: str | None, digest: str) -> Campaign | None:
    found = campaigns.with_key(session, key) if key is not None else None
    if found is None:
        return None
    if found[0] != digest:
        raise IdempotencyConflictError(key or "")
    return campaigns.get(session, found[1])


def specs_of(
    name: str, base: Mapping[str, Any], cells: Sequence[Json], prices: Prices
) -> tuple[dict[int, JobSpec], dict[int, Sequence[Fault]]]:
    """Parse the spec of each cell; those after `MOST_FAULTS` are not looked at.

    Returns:
        The specs of those that are valid by themselves and the faults of the others, by index.
    """
    specs: dict[int, JobSpec] = {}
    faults: dict[int, Sequence[Fault]] = {}
    n_faults = 0
    for index, settings in enumerate(cells):
        try:
            spec = parse.parse(cells_in.body_of(name, base, settings))
        except InvalidSpecError as error:
            faults[index] = error.faults
            n_faults += error.n_faults
            if n_faults > MOST_FAULTS and index + 1 < len(cells):
                left = len(cells) - index - 1
                unread = Fault("", f"the {left:,} cells after this one were not looked at")
                faults[index] = (*error.faults, unread)
                break
            continue
        specs[index] = spec
        own = commands.faults_of(spec, prices)
        if own:
            faults[index] = own
    return specs, faults


def _admitted(
    database: Database,
    base: Mapping[str, Any],
    cells: Sequence[Json],
    matrix: Matrix,
    specs: Mapping[int, JobSpec],
    own: Mapping[int, Sequence[Fault]],
    first: int = 0,
) -> list[ResolvedSpec]:
    """Resolve the spec of each cell, before the transaction that stores their jobs.

    Raises:
        InvalidSpecError: The faults of all cells, with their own.
    """
    faults = dict(own)
    resolved: dict[int, ResolvedSpec] = {}
    with database.read() as session:
        resources = dispatchers.resources(session)
        for index, spec in specs.items():
            try:
                resolved[index] = commands.admitted(session, spec, resources)
            except InvalidSpecError as error:
                faults[index] = [*faults.get(index, ()), *error.faults]
    if faults:
        raise InvalidSpecError(cell_faults.listed(faults, cells, matrix, base, first))
    return [resolved[index] for index in range(len(specs))]


def _hold_datasets(session: Session, resolved: Sequence[ResolvedSpec]) -> None:
    """Hold the data sets of new jobs until the transaction ends: one may be gone by now.

    What else is looked up is copied into the specs.

    Raises:
        NotFoundError: One was deleted since the specs were resolved.
    """
    by_name = {getattr(each.task, "dataset", None): each.spec for each in resolved}
    for spec in by_name.values():
        dataset_references.require(session, spec)


def _insert(
    session: Session,
    campaign_id: int,
    first: int,
    cells: Sequence[Json],
    resolved: Sequence[ResolvedSpec],
) -> None:
    made = commands.store(session, resolved)
    pairs = [(settings, job.id) for settings, job in zip(cells, made, strict=True)]
    campaigns.insert_cells(session, campaign_id, first, pairs)


def extend(
    database: Database,
    campaign_id: int,
    wanted: Extension,
    prices: Prices = UNPRICED,
    most_cells: int = MOST_CELLS,
) -> Campaign:
    """Add values to one axis of a campaign: a job for each new cell, all of them or none.

    Sent again it changes nothing, since values that the axis has are left out.

    Raises:
        NotFoundError: No such campaign.
        InvalidSpecError: The campaign has no such axis, there would be too many cells, or the spec
            of a new cell is refused.
    """
    while True:
        with database.read() as session:
            campaign = campaigns.get(session, campaign_id)
        found = _extend(database, campaign, wanted, prices, most_cells)
        if found is not None:
            return found


def _extend(
    database: Database, campaign: Campaign, wanted: Extension, prices: Prices, most_cells: int
) -> Campaign | None:
    """Extend a campaign as it was read; None where it or a data set has changed meanwhile."""
    matrix = _extended(campaign, wanted)
    new = matrix[wanted.path][len(campaign.matrix[wanted.path]) :]
    if not new:
        return campaign
    try:
        check(campaign.base, matrix, most_cells)
        cells = cells_in.cells_of({**matrix, wanted.path: new})
        parsed = specs_of(campaign.name, campaign.base, cells, prices)
        axes = {**matrix, wanted.path: wanted.values}
        n_present = cells_in.n_cells(campaign.matrix)
        resolved = _admitted(database, campaign.base, cells, axes, *parsed, n_present)
    except InvalidSpecError as error:
        own = [_in_extension(each, wanted) for each in error.faults]
        raise InvalidSpecError(own, error.n_faults) from error
    with database.write() as session:
        if campaigns.lock(session, campaign.id).matrix != campaign.matrix:
            return None
        try:
            _hold_datasets(session, resolved)
        except NotFoundError:
            return None
        first = campaigns.n_cells(session, campaign.id)
        _insert(session, campaign.id, first, cells, resolved)
        return campaigns.set_matrix(session, campaign.id, matrix)


def _extended(campaign: Campaign, wanted: Extension) -> dict[str, list[Any]]:
    if wanted.path not in campaign.matrix:
        axes = ", ".join(campaign.matrix)
        raise InvalidSpecError([Fault("/path", f"is no axis of the campaign: choose {axes}")])
    faults = list(_not_finite(wanted.values, "/values"))
    if faults:
        raise InvalidSpecError(faults)
    values = list(campaign.matrix[wanted.path])
    known = {cells_in.same_text(value) for value in values}
    for value in wanted.values:
        text = cells_in.same_text(value)
        if text not in known:
            known.add(text)
            values.append(value)
    return {**campaign.matrix, wanted.path: values}


def _in_extension(fault: Fault, wanted: Extension) -> Fault:
    """Return a fault with its pointer into the body of an extension."""
    axis = f"/matrix/{escape(wanted.path)}"
    if fault.pointer.startswith(f"{axis}/"):
        return Fault(f"/values{fault.pointer.removeprefix(axis)}", fault.detail)
    return Fault("/values", fault.detail)


def cancel(database: Database, campaign_id: int) -> Campaign:
    """Cancel all jobs of a campaign that have not ended; those that have stay as they are.

    Raises:
        NotFoundError: No such campaign.
    """
    with database.read() as session:
        found = campaigns.get(session, campaign_id)
        open_jobs = campaigns.open_jobs(session, campaign_id)
    commands.cancel_all(database, open_jobs)
    return found
