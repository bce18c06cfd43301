"""Models from typed dictionaries."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, NotRequired, TypedDict

import pytest
from pydantic import ValidationError

from api.schemas.typed import model_of, named_model_of


class Base(TypedDict):
    """Has a field that is described."""

    number: Annotated[int | None, "Null while uncertain."]


class PartAnswer(Base):
    """Adds a time."""

    at: str | None


def test_fields_keep_their_order_types_and_descriptions() -> None:
    schema = model_of(PartAnswer).model_json_schema()
    assert list(schema["properties"]) == schema["required"] == ["number", "at"]
    assert schema["properties"]["number"]["description"] == "Null while uncertain."
    assert "description" not in schema["properties"]["at"]


def test_the_server_may_name_a_narrower_type() -> None:
    model = model_of(PartAnswer, at=datetime)
    assert model.model_json_schema()["properties"]["at"]["format"] == "date-time"
    with pytest.raises(ValidationError):
        model.model_validate({"number": 1, "at": "soon"})


class WholeAnswer(TypedDict):
    """Holds others."""

    one: PartAnswer | None
    many: list[PartAnswer]
    by_name: dict[str, list[PartAnswer]]
    later: NotRequired[int]


def test_typed_dictionaries_inside_are_models_named_by_what_they_are() -> None:
    model = named_model_of(WholeAnswer)
    assert (model.__name__, model.__doc__) == ("WholeOut", "Holds others.")
    schema = model.model_json_schema()
    own = {"$ref": "#/$defs/PartOut"}
    assert schema["required"] == ["one", "many", "by_name"]
    assert schema["properties"]["one"]["anyOf"] == [own, {"type": "null"}]
    assert schema["properties"]["many"]["items"] == own
    assert schema["properties"]["by_name"]["additionalProperties"]["items"] == own
    assert "default" not in schema["properties"]["later"]
    assert named_model_of(WholeAnswer) is model
