"""What a user sends for a campaign, as values."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import Field, ValidationError

from densearch.names import fault_in
from densearch.plugins.sections import Section
from service.control_sections import Label
from service.errors import Fault, InvalidSpecError
from service.validation.json_pointers import faults_of

# Longer than that of any field of a spec.
Path = Annotated[str, Field(min_length=1, max_length=300)]
Values = Annotated[list[Any], Field(min_length=1)]


class CampaignSpec(Section):
    """A campaign: jobs that differ by the settings of a matrix."""

    name: Label
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


Read = TypeVar("Read", bound=Section)


def read(kind: type[Read], body: object) -> Read:
    """Read a request's body.

    Raises:
        InvalidSpecError: With one fault for each field that is wrong.
    """
    try:
        found = kind.model_validate(body)
    except ValidationError as error:
        raise InvalidSpecError(faults_of(error.errors(include_url=False), body)) from error
    if isinstance(found, CampaignSpec):
        fault = fault_in(found.name)
        if fault is not None:
            raise InvalidSpecError([Fault("/name", fault)])
    return found
