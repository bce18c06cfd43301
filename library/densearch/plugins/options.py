"""The base of samplers' options: a section of a spec in which every field has a default."""

from __future__ import annotations

from typing import Any, Self

from pydantic import field_validator
from pydantic_core import PydanticCustomError

from densearch.plugins.sections import Section
from densearch.sampler import StudyPlan


class SamplerOptions(Section):
    """The options of one sampler; those of a plug-in inherit it.

    Null is the value of no option. An option whose default is None is unset, which its description
    explains.
    """

    @field_validator("*", mode="before")
    @classmethod
    def _is_given(cls, value: Any) -> Any:  # noqa: ANN401 - of any field
        if value is None:
            raise PydanticCustomError("null", "must not be null: leave it out")
        return value

    @classmethod
    def of(cls, study: StudyPlan) -> Self:
        """Return a study's options, with the defaults of those that its spec does not give.

        Raises:
            ValidationError: One is unknown or has a bad value (never after a spec's validation).
        """
        return cls.model_validate(dict(study.options))
