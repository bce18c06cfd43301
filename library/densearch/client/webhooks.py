"""The client's calls about webhooks: ``client.webhooks.put("chat", url)``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from densearch.client.transport import Json, Transport, json_request

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
    ) -> Json:
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
        return self._transport.json("PUT", PATH, n_tries=1, **json_request(body))

    def all(self) -> list[Json]:
        """Return every webhook."""
        return list(self._transport.pages(PATH, {}))

    def get(self, webhook_id: str) -> Json:
        """Return a webhook, without its secrets."""
        return self._transport.json("GET", f"{PATH}/{webhook_id}")

    def delete(self, webhook_id: str) -> None:
        """Delete a webhook with its deliveries."""
        self._transport.answer("DELETE", f"{PATH}/{webhook_id}", n_tries=1)

    def test(self, webhook_id: str) -> Json:
        """Have a dispatcher send a test message; return its delivery, which waits."""
        return self._transport.json("POST", f"{PATH}/{webhook_id}/test", n_tries=1)

    def rotate(self, webhook_id: str, secret: str | None = None) -> Json:
        """Give a webhook another secret (in the answer); for a day the old one signs, too."""
        body = {} if secret is None else {"secret": secret}
        path = f"{PATH}/{webhook_id}/secret"
        return self._transport.json("POST", path, n_tries=1, **json_request(body))

    def deliveries(self, webhook_id: str) -> Iterator[Json]:
        """Yield what was sent to a webhook, or waits to be sent, the newest first."""
        return self._transport.pages(f"{PATH}/{webhook_id}/deliveries", {"limit": PAGE})
