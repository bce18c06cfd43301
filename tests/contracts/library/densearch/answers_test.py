"""The library's answers against the OpenAPI document: the same fields, of the same types."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from types import UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

import pytest

from api.app import create_app
from densearch import answers
from service.settings import Settings
from service.storage.database import Database

ANSWERS = {
    name: value
    for name in answers.__all__
    # An event is no answer.
    if is_typeddict(value := getattr(answers, name)) and name != "TrialEvent"
}
TYPES = {int: "integer", float: "number", str: "string", bool: "boolean", type(None): "null"}
# Documents of their own, which the library has as JSON.
DOCUMENTS = {"spec", "problem"}
Schemas = Mapping[str, Any]


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    app = create_app(Settings(data_dir=Path("unused")), Database("sqlite://"))
    found: Schemas = app.openapi()["components"]["schemas"]
    return found


def form_of_type(hint: Any) -> Hashable:  # noqa: ANN401 - a type, or a form of types
    """Return a type in a form that can be compared."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in {Annotated, NotRequired}:
        return form_of_type(inner[0])
    if origin is Literal:
        return "enum", *inner
    if is_typeddict(hint):
        fields = get_type_hints(hint, include_extras=True).items()
        return frozenset(
            (name, get_origin(own) is not NotRequired, form_of_type(own))
            for name, own in fields
            if name not in DOCUMENTS
        )
    if origin in {Union, UnionType}:
        return "any of", frozenset(map(form_of_type, inner))
    if origin is not None:
        return origin.__name__, *map(form_of_type, inner)
    return TYPES.get(hint, "any")


def form_of_schema(schema: Any, schemas: Schemas) -> Hashable:  # noqa: ANN401 - JSON
    """Return a JSON schema in the same form."""
    if schema is True or "allOf" in schema:
        return "any" if schema is True else form_of_schema(schema["allOf"][0], schemas)
    if "$ref" in schema:
        return form_of_schema(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    if "enum" in schema:
        return "enum", *schema["enum"]
    if "properties" in schema:
        return frozenset(
            (name, name in schema["required"], form_of_schema(own, schemas))
            for name, own in schema["properties"].items()
            if name not in DOCUMENTS
        )
    if "anyOf" in schema:
        return "any of", frozenset(form_of_schema(one, schemas) for one in schema["anyOf"])
    return _form_of_container(schema, schemas)


def _form_of_container(schema: Any, schemas: Schemas) -> Hashable:  # noqa: ANN401 - JSON
    if "prefixItems" in schema:
        return "tuple", *(form_of_schema(one, schemas) for one in schema["prefixItems"])
    if schema.get("type") == "array":
        return "list", form_of_schema(schema["items"], schemas)
    if schema.get("type") == "object":
        return "dict", "string", form_of_schema(schema["additionalProperties"], schemas)
    return str(schema.get("type", "any"))


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_an_answer_is_what_the_document_says(name: str, schemas: Schemas) -> None:
    own = schemas[name.removesuffix("Answer") + "Out"]
    assert form_of_type(ANSWERS[name]) == form_of_schema(own, schemas)
