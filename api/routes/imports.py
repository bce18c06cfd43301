"""Imports of data sets: how far each is, and how it ended."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Request, Response
from fastapi import Query as FromQuery
from pydantic import Field

from api.context import InDatabase, WithSettings
from api.import_answer import answer_of
from api.paging import Cursor, Id, Query, cut
from api.problems.handlers import documented
from api.schemas.base import Json, ListOut
from api.schemas.imports import ImportOut
from service.datasets import import_log
from service.states import ImportState
from service.storage import imports

# Before the routes of a set, which would take "imports" for an id.
router = APIRouter(prefix="/v1/datasets/imports", tags=["datasets"])
POLL_S = 1


class ImportsQuery(Query):
    """Which imports to list."""

    limit: int = Field(default=50, ge=1, le=200)
    cursor: Cursor = None


@router.get("", response_model=ListOut[ImportOut], responses=documented(422))
def list_imports(
    database: InDatabase,
    settings: WithSettings,
    request: Request,
    response: Response,
    query: Annotated[ImportsQuery, FromQuery()],
) -> Json:
    """List the imports of the last days, the newest first."""
    import_log.tidy(database, settings.data_dir)
    with database.read() as session:
        found = imports.page(session, limit=query.limit + 1, before=query.cursor)
    kept = cut(found, query.limit, request, response)
    return {"items": [answer_of(one) for one in kept]}


@router.get("/{import_id}", response_model=ImportOut, responses=documented(404, 422))
def show_import(
    database: InDatabase, settings: WithSettings, response: Response, import_id: Id
) -> Json:
    """Show how far an import is, or how it ended. Ask again after Retry-After while it runs."""
    found = import_log.look(database, settings.data_dir, import_id)
    if found.state is ImportState.RUNNING:
        response.headers["retry-after"] = str(POLL_S)
    if found.dataset_id is not None:
        response.headers["link"] = f'</v1/datasets/{found.dataset_id}>; rel="item"'
    return cast("Json", answer_of(found))


@router.delete("/{import_id}", response_model=ImportOut, responses=documented(403, 404, 413, 422))
def delete_import(database: InDatabase, import_id: Id) -> Json:
    """Stop an import, so that nothing is stored, or forget one that has ended; its set stays.

    The answer is the import as it was: RUNNING if it was stopped.
    """
    return cast("Json", answer_of(import_log.delete(database, import_id)))
