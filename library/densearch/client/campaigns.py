"""The client's calls about campaigns: ``client.campaigns.submit(body)``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from densearch.client.transport import Transport, json_request_once

if TYPE_CHECKING:  # they cost an import, and nothing needs them at run time
    from densearch.answers import (
        CampaignAnswer,
        CampaignEstimateAnswer,
        CampaignReportAnswer,
        CampaignSummaryAnswer,
    )

PAGE = 200
PATH = "/v1/campaigns"


class Campaigns:
    """Submits, lists, shows, cancels, extends and deletes campaigns."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def submit(
        self, campaign: Mapping[str, Any] | bytes, key: str | None = None
    ) -> CampaignAnswer:
        """Submit a campaign, once, even when an answer is lost on the way.

        Args:
            campaign: ``name``, ``base`` and ``matrix``, as a mapping or as the bytes of a JSON
                document.
            key: Idempotency-Key: the same key and campaign give the same one; a new one if None.

        Raises:
            ClientError: It is refused; `faults` names the values and cells.
            UnreachableError: No server answers.
        """
        found = self._transport.json("POST", PATH, **json_request_once(campaign, key))
        return cast("CampaignAnswer", found)

    def estimate(
        self, campaign: Mapping[str, Any] | bytes, *, wait_s: float = 0.0
    ) -> CampaignEstimateAnswer:
        """Return what a campaign would cost.

        Args:
            campaign: As in `submit`; nothing is submitted.
            wait_s: How long to ask again, as often as the server says, while it is measured;
                after that its `state` is ``measuring`` still.

        Raises:
            ClientError: It is refused; `faults` names the values and cells.
            UnreachableError: No server answers.
        """
        found = self._transport.measured(f"{PATH}/estimate", campaign, wait_s)
        return cast("CampaignEstimateAnswer", found)

    def all(self) -> Iterator[CampaignSummaryAnswer]:
        """Yield every campaign, the newest first, page by page."""
        found = self._transport.pages(PATH, {"limit": PAGE})
        return cast("Iterator[CampaignSummaryAnswer]", found)

    def get(self, campaign_id: int) -> CampaignAnswer:
        """Return a campaign with its cells."""
        return cast("CampaignAnswer", self._transport.json("GET", f"{PATH}/{campaign_id}"))

    def report(self, campaign_id: int) -> CampaignReportAnswer:
        """Return what the cells of a campaign have found so far."""
        found = self._transport.json("GET", f"{PATH}/{campaign_id}/report")
        return cast("CampaignReportAnswer", found)

    def cancel(self, campaign_id: int) -> CampaignAnswer:
        """Cancel all jobs of a campaign that have not ended."""
        found = self._transport.json("POST", f"{PATH}/{campaign_id}/cancel")
        return cast("CampaignAnswer", found)

    def delete(self, campaign_id: int, *, has_jobs: bool = False) -> None:
        """Delete a campaign; its jobs stay unless asked for.

        Args:
            campaign_id: Which campaign.
            has_jobs: Whether to delete its jobs with their results, too; all of them have ended.

        Raises:
            ClientError: There is none, or some of the jobs have not ended.
        """
        way = "?jobs=true" if has_jobs else ""
        self._transport.answer("DELETE", f"{PATH}/{campaign_id}{way}")

    def extend(self, campaign_id: int, path: str, values: Sequence[Any]) -> CampaignAnswer:
        """Add values to an axis; those that it has already are left out.

        Args:
            campaign_id: Which campaign.
            path: Of the axis, such as ``seed``.
            values: The new ones.

        Raises:
            ClientError: There is no such axis, or the spec of a new cell is refused.
        """
        body = {"path": path, "values": list(values)}
        found = self._transport.json("POST", f"{PATH}/{campaign_id}/extend", json=body)
        return cast("CampaignAnswer", found)
