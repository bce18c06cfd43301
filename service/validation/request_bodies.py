"""Read the JSON body of a request as a model of pydantic."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from service.errors import InvalidSpecError
from service.validation.json_pointers import faults_of

Model = TypeVar("Model", bound=BaseModel)


def read(kind: type[Model], body: object) -> Model:
    """Read a request's body.

    Raises:
        InvalidSpecError: With one fault for each field that is wrong.
    """
    try:
        return kind.model_validate(body)
    except ValidationError as error:
        raise InvalidSpecError(faults_of(error.errors(include_url=False), body)) from error
