"""Imports of data sets as the API answers them: the library's, as models."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from api.schemas.base import Json, described_by
from api.schemas.typed import model_of
from densearch.answers import ImportAnswer
from service.states import ImportState


class ImportOut(
    model_of(  # type: ignore[misc] # a class that is made at run time
        ImportAnswer,
        state=ImportState,
        problem=Annotated[Json | None, described_by("Problem", is_optional=True)],
        created_at=datetime,
        ended_at=datetime | None,
    )
):
    """An import of a data set, running or ended."""
