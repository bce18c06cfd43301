"""Webhooks: put, list, show, test, rotate the secret, delete; what was sent to them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi import Query as FromQuery
from pydantic import Field
from sqlalchemy.orm import Session

from api.bodies import json_body, request_body
from api.context import InDatabase, WithSettings
from api.paging import Cursor, Query, cut
from api.problems.handlers import documented
from api.schemas.base import Json, ListOut
from api.schemas.webhooks import DeliveryOut, WebhookOut, WebhookWithSecretOut
from service.errors import InvalidBodyError
from service.states import DeliveryState
from service.storage import webhooks
from service.storage.database import Database
from service.validation.request_bodies import read
from service.webhook_records import Webhook, WebhookDelivery
from service.webhooks import commands
from service.webhooks.commands import Put
from service.webhooks.request import SecretRotation, WebhookSpec

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

EXAMPLE: Json = {
    "id": "lab-chat",
    "url": "https://hooks.example.org/densearch",
    "events": ["job.succeeded", "job.failed"],
}
Name = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]


class DeliveriesQuery(Query):
    """Which deliveries to list."""

    limit: int = Field(default=50, ge=1, le=200)
    cursor: Cursor = None


def _shown(session: Session, found: list[Webhook]) -> list[dict[str, Any]]:
    waiting = webhooks.n_waiting(session, [one.id for one in found])
    return [
        asdict(one)
        | {"id": one.name, "is_on": one.off_reason is None, "n_waiting": waiting[one.id]}
        for one in found
    ]


def _delivery(one: WebhookDelivery) -> dict[str, Any]:
    is_waiting = one.state is DeliveryState.WAITING
    return asdict(one) | {"type": one.kind, "next_at": one.next_at if is_waiting else None}


def _stored(database: Database, done: Put) -> dict[str, Any]:
    with database.read() as session:
        (shown,) = _shown(session, [done.webhook])
    return shown | {"secret": done.secret}


@router.put(
    "",
    response_model=WebhookWithSecretOut,
    responses={
        201: {"model": WebhookWithSecretOut, "description": "It is new."},
        **documented(400, 403, 413, 415, 422),
    },
    openapi_extra=request_body("WebhookSpec", EXAMPLE),
)
def put_webhook(
    database: InDatabase,
    settings: WithSettings,
    response: Response,
    body: Annotated[object, Depends(json_body)],
) -> dict[str, Any]:
    """Store a webhook, or change the one with this id; the secret is shown once, if it is new."""
    wanted = read(WebhookSpec, body, InvalidBodyError)
    done = commands.put(database, wanted, allows_private=settings.webhook_allow_private)
    response.status_code = 201 if done.is_new else 200
    return _stored(database, done)


@router.get("", response_model=ListOut[WebhookOut], responses=documented())
def list_webhooks(database: InDatabase) -> dict[str, Any]:
    """List all webhooks."""
    with database.read() as session:
        return {"items": _shown(session, webhooks.every(session))}


@router.get("/{webhook_id}", response_model=WebhookOut, responses=documented(404, 422))
def show_webhook(database: InDatabase, webhook_id: Name) -> dict[str, Any]:
    """Show a webhook, without its secrets."""
    with database.read() as session:
        return _shown(session, [webhooks.get(session, webhook_id)])[0]


@router.delete("/{webhook_id}", status_code=204, responses=documented(403, 404, 413, 422))
def delete_webhook(database: InDatabase, webhook_id: Name) -> None:
    """Delete a webhook with its deliveries; what waits is not sent."""
    commands.remove(database, webhook_id)


@router.post(
    "/{webhook_id}/test",
    status_code=202,
    response_model=DeliveryOut,
    responses=documented(403, 404, 413, 422),
)
def test_webhook(database: InDatabase, webhook_id: Name) -> dict[str, Any]:
    """Have a dispatcher send a message of the type webhook.test; the deliveries show more."""
    return _delivery(commands.send_test(database, webhook_id))


@router.post(
    "/{webhook_id}/secret",
    response_model=WebhookWithSecretOut,
    responses=documented(400, 403, 404, 413, 415, 422),
    openapi_extra=request_body("SecretRotation", {}),
)
def rotate_webhook_secret(
    database: InDatabase, webhook_id: Name, body: Annotated[object, Depends(json_body)]
) -> dict[str, Any]:
    """Give a webhook another secret, which is shown once; for a day the old one signs, too."""
    wanted = read(SecretRotation, body, InvalidBodyError)
    return _stored(database, commands.rotate(database, webhook_id, wanted))


@router.get(
    "/{webhook_id}/deliveries",
    response_model=ListOut[DeliveryOut],
    responses=documented(404, 422),
)
def list_webhook_deliveries(
    database: InDatabase,
    request: Request,
    response: Response,
    webhook_id: Name,
    query: Annotated[DeliveriesQuery, FromQuery()],
) -> dict[str, Any]:
    """List what was sent to a webhook, or waits to be sent, the newest first."""
    with database.read() as session:
        webhook = webhooks.get(session, webhook_id)
        found = webhooks.deliveries(session, webhook.id, query.limit + 1, query.cursor)
    return {"items": [_delivery(one) for one in cut(found, query.limit, request, response)]}
