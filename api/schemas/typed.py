"""Models of the OpenAPI document from the typed dictionaries of the library."""

from __future__ import annotations

from functools import cache
from inspect import cleandoc
from types import UnionType
from typing import (
    Annotated,
    Any,
    NotRequired,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from pydantic import Field, create_model

from api.schemas.base import Out

_ANSWER = "Answer"


def model_of(answer: type, **types: Any) -> type[Out]:
    """Return a model with the fields of a typed dictionary, in their order.

    Typed dictionaries inside become models, too: `EffectAnswer` is `EffectOut`.

    Args:
        answer: The typed dictionary; text in `Annotated` describes a field.
        types: By field, the server's type where the JSON's is not enough for the document: times
            and enumerations are strings in JSON.
    """
    hints = get_type_hints(answer, include_extras=True)
    found: dict[str, Any] = {name: _field(types.get(name), hint) for name, hint in hints.items()}
    return create_model(answer.__name__, __base__=Out, **found)


@cache
def named_model_of(answer: type) -> type[Out]:
    """Return the same with the name and the words of a model: of no fields, one each."""
    name = answer.__name__.removesuffix(_ANSWER) + "Out"
    return type(name, (model_of(answer),), {"__doc__": cleandoc(answer.__doc__ or "")})


def _field(server_type: Any, hint: Any) -> tuple[Any, Any]:  # noqa: ANN401 - any type
    is_optional = get_origin(hint) is NotRequired
    hint = get_args(hint)[0] if is_optional else hint
    is_described = get_origin(hint) is Annotated
    json_type, text = get_args(hint)[:2] if is_described else (hint, None)
    given: dict[str, Any] = {"default_factory": dict} if is_optional else {}
    return server_type or _modelled(json_type), Field(description=text, **given)


def _modelled(hint: Any) -> Any:  # noqa: ANN401 - any type
    """Return a type with models in place of its typed dictionaries."""
    if is_typeddict(hint):
        return named_model_of(hint)
    origin, arguments = get_origin(hint), tuple(map(_modelled, get_args(hint)))
    if origin in {list, dict}:
        return origin[arguments]
    return Union[arguments] if origin in {Union, UnionType} else hint  # noqa: UP007 - of a tuple
