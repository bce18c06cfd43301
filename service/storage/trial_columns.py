"""Many trials of a job by column, in the orders of `trial_pages`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.storage import columns, trial_pages, trials
from service.storage.tables import TrialRow
from service.storage.trial_pages import TrialFilter, TrialOrder, TrialPlace

# The values of a field by its name, one for each trial.
TrialColumns = Mapping[str, Sequence[Any]]
_TABLE = TrialRow.__table__


def page(
    session: Session,
    job_id: int,
    wanted: TrialFilter,
    names: Sequence[str],
    *,
    limit: int,
    order: TrialOrder,
    after: TrialPlace | None,
) -> tuple[TrialColumns, TrialPlace | None]:
    """Return the next trials of an order, and the place of the last of them.

    Args:
        session: In a transaction.
        job_id: Of which job.
        wanted: Which of them.
        names: Fields of `service.records.Trial` that are read; `id` is among them.
        limit: At most so many.
        order: By what.
        after: The place of the last one seen.

    Returns:
        Values as of `columns.values_of`; no place where there are no more trials.

    Raises:
        NotFoundError: There is no such job.
    """
    ids = trial_pages.ids_of(session, job_id, wanted, limit=limit, order=order, after=after)
    # Of the table, not of the class: SQLAlchemy's mapping of rows takes as long as reading them.
    own, id_ = [_TABLE.c[name] for name in names], names.index("id")
    query = select(*map(columns.as_read, own)).where(_TABLE.c.id.in_(ids))
    found = {row[id_]: row for row in session.execute(query).all()}
    there = [trial_id for trial_id in ids if trial_id in found]
    values = columns.values_of(own, [found[trial_id] for trial_id in there])
    has_more = len(ids) == limit and bool(there)
    last = trial_pages.place_of(trials.get(session, there[-1]), order) if has_more else None
    return dict(zip(names, values, strict=True)), last
