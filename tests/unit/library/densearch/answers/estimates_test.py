"""An estimate's answer against the value that it is made of."""

from __future__ import annotations

from dataclasses import fields
from typing import get_type_hints

from densearch.answers import estimates
from service.campaigns.estimate import CampaignEstimate
from service.costs.figures import Estimate


def test_it_has_the_fields_of_its_value() -> None:
    for answer, value in (
        (estimates.EstimateAnswer, Estimate),
        (estimates.CampaignEstimateAnswer, CampaignEstimate),
    ):
        assert get_type_hints(answer).keys() == {own.name for own in fields(value)}
