"""Base of all response models. Times are UTC in ISO 8601; numbers keep their full precision."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

Item = TypeVar("Item")
Json = dict[str, Any]


class Out(BaseModel):
    """A response that is read from a record's attributes."""

    model_config = ConfigDict(from_attributes=True)


class ListOut(BaseModel, Generic[Item]):
    """A page; the header Link with rel="next" leads to the following one, if there is one."""

    items: list[Item]


class ErrorOut(Out):
    """Why a job, trial or attempt failed."""

    title: str | None = None
    detail: str
