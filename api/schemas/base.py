"""Base of all response models. Times are UTC in ISO 8601; numbers keep their full precision."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, WithJsonSchema

from api.formats import JSON

Item = TypeVar("Item")
Json = dict[str, Any]
# Writes a document that is sent as it was stored or made.
DOCUMENT: TypeAdapter[Any] = TypeAdapter(Any)
# In the OpenAPI document: a body that is a file, one that is a text, the header of what is new.
BINARY: Json = {"schema": {"type": "string", "format": "binary"}}
TEXT: Json = {"schema": {"type": "string"}}
LOCATION: Json = {"headers": {"Location": {"schema": {"type": "string"}, "required": True}}}


def reference(name: str) -> Json:
    """Return the reference to a schema of the OpenAPI document that `api.openapi` adds."""
    return {"$ref": f"#/components/schemas/{name}"}


def described_by(name: str, *, is_optional: bool = False) -> WithJsonSchema:
    """Describe a stored document by such a schema, in `Annotated`; it is sent as it was stored.

    An earlier version may have stored it: a model would refuse it, or leave out what it no longer
    knows.
    """
    own = reference(name)
    # Not the bare reference, which pydantic would look up among the model's own.
    return WithJsonSchema({"anyOf": [own, {"type": "null"}]} if is_optional else {"allOf": [own]})


def answered_by(name: str) -> dict[str, Any]:
    """Return the entry of a response in JSON that such a schema describes."""
    return {"content": {JSON: {"schema": reference(name)}}}


class Out(BaseModel):
    """A response that is read from a record's attributes."""

    # An answer has every field, also those that its model fills in.
    model_config = ConfigDict(
        from_attributes=True, json_schema_serialization_defaults_required=True
    )


class ListOut(BaseModel, Generic[Item]):
    """A page; the header Link with rel="next" leads to the following one, if there is one."""

    items: list[Item]


class ErrorOut(Out):
    """Why a job, trial or attempt failed."""

    title: str | None = None
    detail: str
