"""The statements of the calls that come with a token: heartbeats, reports and ends of claims.

Each is made once, as in `service.storage.claims`, and locks the rows of its claim alone.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import Insert, Select, Table, bindparam, exists, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from service.records import Json
from service.states import AttemptState
from service.storage import shared_clock
from service.storage.statements import gather, is_postgresql, key_chunks
from service.storage.tables import DELETED, AttemptRow, JobRow, MeasurementRow
from service.storage.trainer_tables import ClaimRow
from service.trainer_errors import UnknownTokenError

_JOBS, _ATTEMPTS = cast("Table", JobRow.__table__), cast("Table", AttemptRow.__table__)
_CLAIMS, _MEASUREMENTS = cast("Table", ClaimRow.__table__), cast("Table", MeasurementRow.__table__)


@dataclass(frozen=True, slots=True)
class HeldClaim:
    """A trial in a trainer's hands.

    Attributes:
        outcome: How it ended, as the trainer reported; None before.
        state: Of the attempt.
        started_at: When it was claimed.
        worker: The trainer's name.
        n_epochs: How many epochs were reported.
        at: The present moment, by the clock of leases.
    """

    attempt_id: int
    trial_id: int
    job_id: int
    assignment: Json
    outcome: Json | None
    state: AttemptState
    started_at: datetime
    worker: str | None
    lease_until: datetime
    n_epochs: int
    at: datetime


_N_EPOCHS = (
    select(func.max(_MEASUREMENTS.c.epoch))
    .where(
        _MEASUREMENTS.c.trial_id == _CLAIMS.c.trial_id,
        _MEASUREMENTS.c.attempt_id == _CLAIMS.c.attempt_id,
    )
    .scalar_subquery()
)


@cache
def _held(is_pg: bool) -> Select[Any]:  # noqa: FBT001 - private, and cached by it
    own = [column for column in _CLAIMS.c if column.name not in {"token_digest", "ask_digest"}]
    there = exists().where(_JOBS.c.id == _CLAIMS.c.job_id, _JOBS.c.state != DELETED)
    return (
        select(*own, _ATTEMPTS.c.state, _ATTEMPTS.c.started_at, _ATTEMPTS.c.worker)
        .add_columns(_N_EPOCHS.label("n_epochs"), shared_clock.column(is_pg).label("at"))
        .join_from(_CLAIMS, _ATTEMPTS, _ATTEMPTS.c.id == _CLAIMS.c.attempt_id)
        .where(
            _CLAIMS.c.token_digest == bindparam("token"),
            _CLAIMS.c.trial_id == bindparam("trial"),
            there,
        )
        .with_for_update(of=[_CLAIMS, _ATTEMPTS], key_share=True)
    )


def of_token(session: Session, trial_id: int, token_digest: str) -> HeldClaim:
    """Return the claim of a token, which nobody else changes before this transaction ends.

    Raises:
        UnknownTokenError: The token is not of this trial.
    """
    given = {"trial": trial_id, "token": token_digest}
    row = session.execute(_held(is_postgresql(session)), given).one_or_none()
    if row is None:
        raise UnknownTokenError(trial_id)
    found = dict(row._mapping) | {  # noqa: SLF001 - public in spite of its name
        "state": AttemptState(row.state),
        "n_epochs": row.n_epochs or 0,
        "at": shared_clock.read(row.at),
    }
    return HeldClaim(**found)


_ENDED = (
    update(_CLAIMS)
    .where(_CLAIMS.c.attempt_id == bindparam("ended"))
    .values(outcome=bindparam("end"))
)


def end(session: Session, attempt_id: int, outcome: Json) -> None:
    """Store how the attempt of a claim ended."""
    gather(session, _ENDED, {"ended": attempt_id, "end": outcome})


_PROLONGED = (
    update(_CLAIMS)
    .where(
        _CLAIMS.c.attempt_id.in_(bindparam("held", expanding=True)),
        _CLAIMS.c.lease_until < bindparam("until"),
    )
    .values(lease_until=bindparam("until"))
)


def prolong(session: Session, attempt_ids: Collection[int], until: datetime) -> None:
    """Let the leases of some claims end no earlier than at a time."""
    for some in key_chunks(attempt_ids):
        gather(session, _PROLONGED, {"held": some, "until": until})


_NEW_MEASUREMENT = insert(_MEASUREMENTS)


def measure(session: Session, row: Json) -> None:
    """Store a measurement of an epoch that has none, without waiting for it.

    Raises:
        IntegrityError: With the commit on PostgreSQL: there is one now.
    """
    gather(session, _NEW_MEASUREMENT, row)


@cache
def _measured(is_pg: bool) -> Insert:  # noqa: FBT001 - private, and cached by it
    made = postgresql.insert if is_pg else sqlite.insert
    return made(_MEASUREMENTS).on_conflict_do_nothing()


def measure_once(session: Session, row: Json) -> bool:
    """Store a measurement; return whether there was none of its epoch."""
    found = session.execute(_measured(is_postgresql(session)), row)
    return bool(cast("Any", found).rowcount)


_MEASURED_BEFORE = select(_MEASUREMENTS.c.metrics).where(
    _MEASUREMENTS.c.trial_id == bindparam("trial"),
    _MEASUREMENTS.c.attempt_id == bindparam("attempt"),
    _MEASUREMENTS.c.epoch == bindparam("epoch"),
)


def measured(session: Session, claim: HeldClaim, epoch: int) -> Json | None:
    """Return what an attempt has reported of an epoch, None for nothing."""
    given = {"trial": claim.trial_id, "attempt": claim.attempt_id, "epoch": epoch}
    found: Json | None = session.execute(_MEASURED_BEFORE, given).scalar_one_or_none()
    return found
