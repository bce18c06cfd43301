"""Keyset pages: a cursor is the id of the last item seen, so that any page costs the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Protocol, TypeVar

from fastapi import Path, Request, Response
from fastapi import Query as FromQuery
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

MAX_ID = 2**63 - 1

Id = Annotated[int, Path(ge=1, le=MAX_ID, description="Its number.")]
OptionalId = Annotated[int | None, FromQuery(ge=1, le=MAX_ID)]
Cursor = Annotated[
    int | None,
    Field(ge=1, le=MAX_ID, description="Id of the last item seen; taken from the Link header."),
]
# Where items are ordered by more than their ids. At most 2^63 - 1, as an id.
Place = Annotated[
    str | None,
    Field(
        max_length=300,
        pattern=r"^[1-9][0-9]{0,17}(,[^\x00-\x1f\x7f]*)?$",
        description="Place of the last item seen; taken from the Link header.",
    ),
]
# One line of text: PostgreSQL refuses NUL.
Word = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


def _none_if_empty(value: object) -> object:
    return None if value == "" else value


# In `Annotated`, of a field that a form sends empty where nothing is asked for.
EMPTY_IS_NONE = BeforeValidator(_none_if_empty)


class Query(BaseModel):
    """Parameters of a list; unknown ones are refused: a misspelt filter would be ignored."""

    model_config = ConfigDict(extra="forbid")


class _HasId(Protocol):
    @property
    def id(self) -> int: ...


Item = TypeVar("Item")
T = TypeVar("T", bound=_HasId)


def cut(found: Sequence[T], limit: int, request: Request, response: Response) -> Sequence[T]:
    """Keep `limit` of the items found, and link to the next page by the id of the last one.

    Args:
        found: As in `linked`.
        limit: Likewise.
        request: Likewise.
        response: Gets the header.
    """
    kept, headers = linked(found, limit, request, lambda item: item.id)
    response.headers.update(headers)
    return kept


def linked(
    found: Sequence[Item], limit: int, request: Request, place_of: Callable[[Item], object]
) -> tuple[Sequence[Item], dict[str, str]]:
    """Return `limit` of the items found, and the header Link (RFC 8288) when there are more.

    Args:
        found: At most `limit` + 1 items; the last one shows that there is another page.
        limit: The page's size.
        request: Its address and filters are kept in the link.
        place_of: Returns the cursor of an item.
    """
    if len(found) <= limit:
        return found, {}
    kept = found[:limit]
    url = request.url.include_query_params(cursor=place_of(kept[-1]))
    return kept, {"link": f'<{url.path}?{url.query}>; rel="next"'}
