"""The client's calls about webhooks: ``client.webhooks.put("chat", url)``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, cast

from densearch.client.transport import Transport, json_request

if TYPE_CHECKING:
    from densearch.answers import DeliveryAnswer, WebhookAnswer, WebhookWithSecretAnswer

PAGE = 200
PATH = "/v1/webhooks"


class Webhooks:
    """Stores, lists, shows, tests and deletes webhooks, and rotates their secrets."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def put(
        self,
        webhook_id: str,
        url: str,
        events: Sequence[str] | None = None,
        *,
        secret: str | None = None,
    ) -> WebhookWithSecretAnswer:
        """Store a webhook, or change the one with this id.

        Args:
            webhook_id: Lower-case letters, digits and hyphens.
            url: Where messages are posted.
            events: Such as ``job.succeeded``; all if None.
            secret: Signs the messages; if None, a new webhook gets one, and the answer has it
                under ``secret``, this once.

        Raises:
            ClientError: It is refused; `faults` names the fields.
            UnreachableError: No server answers.
        """
        given = {"events": None if events is None else list(events), "secret": secret}
        wanted = {name: value for name, value in given.items() if value is not None}
        body = {"id": webhook_id, "url": url, **wanted}
        # Sent once: the answer to a repetition would lack the secret.
        found = self._transport.json("PUT", PATH, n_tries=1, **json_request(body))
        return cast("WebhookWithSecretAnswer", found)

    def all(self) -> list[WebhookAnswer]:
        """Return every webhook."""
        return cast("list[WebhookAnswer]", list(self._transport.pages(PATH, {})))

    def get(self, webhook_id: str) -> WebhookAnswer:
        """Return a webhook, without its secrets."""
        return cast("WebhookAnswer", self._transport.json("GET", f"{PATH}/{webhook_id}"))

    def delete(self, webhook_id: str) -> None:
        """Delete a webhook with its deliveries."""
        self._transport.answer("DELETE", f"{PATH}/{webhook_id}", n_tries=1)

    def test(self, webhook_id: str) -> DeliveryAnswer:
        """Have a dispatcher send a test message; return its delivery, which waits."""
        found = self._transport.json("POST", f"{PATH}/{webhook_id}/test", n_tries=1)
        return cast("DeliveryAnswer", found)

    def rotate(self, webhook_id: str, secret: str | None = None) -> WebhookWithSecretAnswer:
        """Give a webhook another secret (in the answer); for a day the old one signs, too."""
        body = {} if secret is None else {"secret": secret}
        path = f"{PATH}/{webhook_id}/secret"
        found = self._transport.json("POST", path, n_tries=1, **json_request(body))
        return cast("WebhookWithSecretAnswer", found)

    def deliveries(self, webhook_id: str) -> Iterator[DeliveryAnswer]:
        """Yield what was sent to a webhook, or waits to be sent, the newest first."""
        found = self._transport.pages(f"{PATH}/{webhook_id}/deliveries", {"limit": PAGE})
        return cast("Iterator[DeliveryAnswer]", found)
