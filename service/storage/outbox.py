"""The outbox of webhooks: messages written in the transaction of the change that they announce.

A message has one row for each webhook that wants its kind. Where nobody wants it, nothing is
written. `service.storage.deliveries` sends them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service import clock
from service.records import Job, Json
from service.states import DeliveryState, JobState
from service.storage.webhook_tables import WebhookDeliveryRow, WebhookRow

STARTED, SUCCEEDED, FAILED = "job.started", "job.succeeded", "job.failed"
CANCELLED, BEST_IMPROVED = "job.cancelled", "job.best_improved"
KINDS = (STARTED, SUCCEEDED, FAILED, CANCELLED, BEST_IMPROVED)
TEST = "webhook.test"
# Messages to one webhook that wait to be sent; further ones are counted, not kept.
MOST_WAITING = 1_000
MOST_ERROR_CHARS = 500
_OF_END = {
    JobState.SUCCEEDED: SUCCEEDED,
    JobState.FAILED: FAILED,
    JobState.CANCELLED: CANCELLED,
}


def kind_of(old: JobState, new: JobState, started_at: datetime | None) -> str | None:
    """Return the kind of message that announces a transition of a job, None for none.

    A job that is resumed has been announced before; one that was extended starts again.
    """
    is_start = new is JobState.RUNNING and (old is JobState.QUEUED or started_at is None)
    return STARTED if is_start else _OF_END.get(new)


def announce(session: Session, kind: str, job: Job, more: Mapping[str, Any] | None = None) -> None:
    """Write a message about a job to every webhook that wants its kind.

    Args:
        session: In the transaction of the change.
        kind: One of `KINDS`.
        job: As of now.
        more: Further members of the message's data.
    """
    query = select(WebhookRow).where(WebhookRow.off_reason.is_(None)).order_by(WebhookRow.id)
    wanting = [row for row in session.scalars(query) if kind in row.events]
    if not wanting:
        return
    body = message(kind, _data_of(job) | dict(more or {}))
    for row in wanting:
        _put(session, row, kind, job.id, body)
    session.flush()


def add_test(session: Session, webhook: WebhookRow) -> WebhookDeliveryRow:
    """Write a message that announces nothing, for a webhook alone."""
    row = _row(webhook.id, TEST, None, message(TEST, {"webhook": webhook.name}))
    session.add(row)
    session.flush()
    return row


def message(kind: str, data: Json) -> str:
    """Return a message's body, in the form that Standard Webhooks recommends: thin, in ASCII."""
    whole = {"type": kind, "timestamp": clock.now().isoformat(), "data": data}
    return json.dumps(whole, allow_nan=False)


def _data_of(job: Job) -> Json:
    data: Json = {"job_id": job.id, "name": job.name, "state": job.state}
    for name in ("created_at", "started_at", "finished_at"):
        at = getattr(job, name)
        data[name] = None if at is None else at.isoformat()
    if job.error is not None:
        data["error"] = {k: str(v)[:MOST_ERROR_CHARS] for k, v in job.error.items()}
    return data


def _put(session: Session, webhook: WebhookRow, kind: str, job_id: int, body: str) -> None:
    """Add a row, or renew the one of an earlier best that nobody has begun to send."""
    waiting = (
        WebhookDeliveryRow.webhook_id == webhook.id,
        WebhookDeliveryRow.state == DeliveryState.WAITING,
    )
    if kind == BEST_IMPROVED:
        about = (
            WebhookDeliveryRow.job_id == job_id,
            WebhookDeliveryRow.kind == kind,
            WebhookDeliveryRow.n_attempts == 0,
        )
        query = select(WebhookDeliveryRow).where(*waiting, *about).limit(1).with_for_update()
        unsent = session.scalars(query).one_or_none()
        if unsent is not None:
            unsent.body = body
            return
    n_waiting = session.scalar(select(func.count()).where(*waiting)) or 0
    if n_waiting >= MOST_WAITING:
        webhook.n_dropped += 1
    else:
        session.add(_row(webhook.id, kind, job_id, body))


def _row(webhook_id: int, kind: str, job_id: int | None, body: str) -> WebhookDeliveryRow:
    now = clock.now()
    return WebhookDeliveryRow(
        webhook_id=webhook_id,
        message_id=f"msg_{uuid4().hex}",
        kind=kind,
        job_id=job_id,
        body=body,
        state=DeliveryState.WAITING,
        n_attempts=0,
        tries=[],
        created_at=now,
        next_at=now,
        ended_at=None,
    )
