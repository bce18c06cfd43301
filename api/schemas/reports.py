"""Reports of jobs and campaigns, for the OpenAPI document: the library's, as models."""

from __future__ import annotations

from api.schemas.typed import named_model_of
from densearch.answers import CampaignReportAnswer, ProvenanceAnswer, ReportAnswer

# Stored and sent as they were made, hence no answer is validated against these.
ReportOut = named_model_of(ReportAnswer)
CampaignReportOut = named_model_of(CampaignReportAnswer)
ProvenanceOut = named_model_of(ProvenanceAnswer)
