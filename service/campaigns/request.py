"""What a user sends for a campaign, as values."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from densearch import names
from densearch.plugins.sections import Section
from service.control_sections import Label

# Longer than that of any field of a spec.
Path = Annotated[str, Field(min_length=1, max_length=300)]
Values = Annotated[list[Any], Field(min_length=1)]


class CampaignSpec(Section):
    """A campaign: jobs that differ by the settings of a matrix."""

    name: Annotated[Label, AfterValidator(names.checked)]
    base: dict[str, Any] = Field(
        description="The spec that all jobs share, as POST /v1/jobs takes it; without a name."
    )
    matrix: dict[Path, Values] = Field(
        min_length=1,
        max_length=16,
        description="Values by the path of a field of the spec, its keys with dots between them, "
        "such as training.lr or samplers.0.name: a job for each combination.",
    )


class Extension(Section):
    """Values to be added to one axis of a campaign's matrix."""

    path: Path
    values: Values = Field(description="Those that the axis has already are left out.")
