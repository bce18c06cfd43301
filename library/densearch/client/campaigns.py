"""The client's calls about campaigns: ``client.campaigns.submit(body)``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from densearch.client.transport import Json, Transport, json_request, json_request_once

PAGE = 200
PATH = "/v1/campaigns"


class Campaigns:
    """Submits, lists, shows, cancels, extends and deletes campaigns."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def submit(self, campaign: Mapping[str, Any] | bytes, key: str | None = None) -> Json:
        """Submit a campaign, once, even when an answer is lost on the way.

        Args:
            campaign: ``name``, ``base`` and ``matrix``, as a mapping or as the bytes of a JSON
                document.
            key: Idempotency-Key: the same key and campaign give the same one; a new one if None.

        Raises:
            ClientError: It is refused; `faults` names the values and cells.
            UnreachableError: No server answers.
        """
        return self._transport.json("POST", PATH, **json_request_once(campaign, key))

    def estimate(self, campaign: Mapping[str, Any] | bytes) -> Json:
        """Return what a campaign would cost; ask again while its `state` is ``measuring``.

        Args:
            campaign: As in `submit`; nothing is submitted.

        Raises:
            ClientError: It is refused; `faults` names the values and cells.
            UnreachableError: No server answers.
        """
        return self._transport.json("POST", f"{PATH}/estimate", **json_request(campaign))

    def all(self) -> Iterator[Json]:
        """Yield every campaign, the newest first, page by page."""
        return self._transport.pages(PATH, {"limit": PAGE})

    def get(self, campaign_id: int) -> Json:
        """Return a campaign with its cells."""
        return self._transport.json("GET", f"{PATH}/{campaign_id}")

    def report(self, campaign_id: int) -> Json:
        """Return what the cells of a campaign have found so far."""
        return self._transport.json("GET", f"{PATH}/{campaign_id}/report")

    def cancel(self, campaign_id: int) -> Json:
        """Cancel all jobs of a campaign that have not ended."""
        return self._transport.json("POST", f"{PATH}/{campaign_id}/cancel")

    def delete(self, campaign_id: int, *, has_jobs: bool = False) -> None:
        """Delete a campaign; its jobs stay unless asked for.

        Args:
            campaign_id: Which campaign.
            has_jobs: Whether to delete its jobs with their results, too; all of them have ended.

        Raises:
            ClientError: There is none, or some of the jobs have not ended.
        """
        way = "?jobs=true" if has_jobs else ""
        self._transport.answer("DELETE", f"{PATH}/{campaign_id}{way}", n_tries=1)

    def extend(self, campaign_id: int, path: str, values: Sequence[Any]) -> Json:
        """Add values to an axis; those that it has already are left out.

        Args:
            campaign_id: Which campaign.
            path: Of the axis, such as ``seed``.
            values: The new ones.

        Raises:
            ClientError: There is no such axis, or the spec of a new cell is refused.
        """
        body = {"path": path, "values": list(values)}
        return self._transport.json("POST", f"{PATH}/{campaign_id}/extend", json=body)
