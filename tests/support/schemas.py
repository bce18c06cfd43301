"""Names of a response's fields and of a record's, to be held against each other."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from pydantic import BaseModel


def answered(model: type[BaseModel]) -> set[str]:
    """Return the names that a response has."""
    return set(model.model_fields)


def known(record: type[Any]) -> set[str]:
    """Return the names that a record has."""
    return {field.name for field in fields(record)}
