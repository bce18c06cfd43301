"""Models of the OpenAPI document from the typed dictionaries of the library."""

from __future__ import annotations

from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pydantic import Field, create_model

from api.schemas.base import Out


def model_of(answer: type, **types: Any) -> type[Out]:
    """Return a model with the fields of a typed dictionary, in their order.

    Args:
        answer: The typed dictionary; text in `Annotated` describes a field.
        types: By field, the server's type where the JSON's is not enough for the document: times
            and enumerations are strings in JSON.
    """
    hints = get_type_hints(answer, include_extras=True)
    found: dict[str, Any] = {name: _field(types.get(name), hint) for name, hint in hints.items()}
    return create_model(answer.__name__, __base__=Out, **found)


def _field(server_type: Any, hint: Any) -> tuple[Any, Any]:  # noqa: ANN401 - any type
    is_described = get_origin(hint) is Annotated
    json_type, text = get_args(hint)[:2] if is_described else (hint, None)
    return server_type or json_type, Field(description=text)
