"""Read the JSON body of a request as a model of pydantic."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from service.errors import InvalidSpecError
from service.validation.json_pointers import first_faults

Model = TypeVar("Model", bound=BaseModel)


def read(
    kind: type[Model], body: object, refusal: type[InvalidSpecError] = InvalidSpecError
) -> Model:
    """Read a request's body.

    Args:
        kind: Its model.
        body: As JSON.
        refusal: The error of a body that does not fit.

    Raises:
        InvalidSpecError: With one fault for each field that is wrong, of very many the first.
    """
    try:
        return kind.model_validate(body)
    except ValidationError as error:
        raise refusal(*first_faults(error.errors(include_url=False), body)) from error
