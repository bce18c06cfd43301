"""How long attempts took from their issue to their stored end, next to the training itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.states import AttemptState
from service.storage.tables import AttemptRow, TrialRow


@dataclass(frozen=True, slots=True)
class AttemptSpan:
    """A completed attempt; those of one pack share `worker` and `started_at`.

    Attributes:
        training_s: Of its trial: what the worker trained.
    """

    worker: str | None
    started_at: datetime
    finished_at: datetime
    training_s: float


def newest(session: Session, limit: int) -> list[AttemptSpan]:
    """Return the newest attempts whose trial was trained once, from start to end."""
    training_s = TrialRow.__table__.c.training_s
    columns = (AttemptRow.worker, AttemptRow.started_at, AttemptRow.finished_at, training_s)
    query = (
        select(*columns)
        .join(TrialRow, TrialRow.id == AttemptRow.trial_id)
        .where(
            AttemptRow.state == AttemptState.COMPLETED,
            AttemptRow.finished_at.is_not(None),
            TrialRow.n_attempts == 1,
            training_s.is_not(None),
        )
        .order_by(AttemptRow.id.desc())
        .limit(limit)
    )
    return [AttemptSpan(*row) for row in session.execute(query)]
