"""Idempotency keys: which job a request that is sent again belongs to."""

from __future__ import annotations

from sqlalchemy.orm import Session

from service import clock
from service.storage.tables import IdempotencyKeyRow


def find(session: Session, key: str) -> tuple[str, int] | None:
    """Return the digest of the body that came with a key and the job it made, or None."""
    row = session.get(IdempotencyKeyRow, key)
    return (row.body_digest, row.job_id) if row is not None else None


def insert(session: Session, key: str, body_digest: str, job_id: int) -> None:
    """Remember a key; the primary key refuses a second one."""
    session.add(
        IdempotencyKeyRow(key=key, body_digest=body_digest, job_id=job_id, created_at=clock.now())
    )
    session.flush()
