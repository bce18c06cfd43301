"""What one can do to a webhook: put, rotate, test, remove."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy.exc import IntegrityError

from service.errors import Fault, InvalidBodyError, WebhookAddressError
from service.storage import webhooks
from service.storage.database import Database
from service.webhook_records import Webhook, WebhookDelivery
from service.webhooks import addresses, signing
from service.webhooks.request import SecretRotation, WebhookSpec

MOST_WEBHOOKS = 20


@dataclass(frozen=True, slots=True)
class Put:
    """A webhook that was stored.

    Attributes:
        secret: Where it is new, here and never again.
        is_new: Whether there was none of this id before.
    """

    webhook: Webhook
    secret: str | None = field(repr=False)
    is_new: bool


def put(database: Database, wanted: WebhookSpec, *, allows_private: bool) -> Put:
    """Store a webhook, or change the one with its id.

    Raises:
        InvalidBodyError: Its URL cannot be used, or there are too many webhooks.
    """
    try:
        addresses.resolve(wanted.url, allows_private=allows_private)
    except WebhookAddressError as error:
        raise InvalidBodyError([Fault("/url", str(error))]) from error
    try:
        return _put(database, wanted)
    except IntegrityError:  # another request has stored one of this name meanwhile
        return _put(database, wanted)


def _put(database: Database, wanted: WebhookSpec) -> Put:
    name = wanted.id
    with database.write() as session:
        if webhooks.find(session, name) is None:
            if len(webhooks.every(session)) >= MOST_WEBHOOKS:
                raise InvalidBodyError(
                    [Fault("/id", f"there are {MOST_WEBHOOKS} webhooks: delete one first")]
                )
            secret = wanted.secret or signing.new_secret()
            made = webhooks.insert(
                session, name=name, url=wanted.url, events=wanted.events, secret=secret
            )
            return Put(made, secret, is_new=True)
        changed = webhooks.change(session, name, url=wanted.url, events=wanted.events)
        if wanted.secret is not None:
            changed = webhooks.rotate(session, name, wanted.secret)
        return Put(changed, None, is_new=False)


def rotate(database: Database, name: str, wanted: SecretRotation) -> Put:
    """Give a webhook another secret; the one before signs for a day, too.

    Raises:
        NotFoundError: There is no such webhook.
    """
    secret = wanted.secret or signing.new_secret()
    with database.write() as session:
        return Put(webhooks.rotate(session, name, secret), secret, is_new=False)


def send_test(database: Database, name: str) -> WebhookDelivery:
    """Have a dispatcher send a test message; a webhook that is switched off gets it, too.

    Raises:
        NotFoundError: There is no such webhook.
    """
    with database.write() as session:
        return webhooks.add_test(session, name)


def remove(database: Database, name: str) -> None:
    """Delete a webhook and its messages.

    Raises:
        NotFoundError: There is no such webhook.
    """
    with database.write() as session:
        webhooks.remove(session, name)
