"""Models from typed dictionaries."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypedDict

import pytest
from pydantic import ValidationError

from api.schemas.typed import model_of


class Base(TypedDict):
    """Has a field that is described."""

    number: Annotated[int | None, "Null while uncertain."]


class Answer(Base):
    """Adds a time."""

    at: str | None


def test_fields_keep_their_order_types_and_descriptions() -> None:
    schema = model_of(Answer).model_json_schema()
    assert list(schema["properties"]) == schema["required"] == ["number", "at"]
    assert schema["properties"]["number"]["description"] == "Null while uncertain."
    assert "description" not in schema["properties"]["at"]


def test_the_server_may_name_a_narrower_type() -> None:
    model = model_of(Answer, at=datetime)
    assert model.model_json_schema()["properties"]["at"]["format"] == "date-time"
    with pytest.raises(ValidationError):
        model.model_validate({"number": 1, "at": "soon"})
