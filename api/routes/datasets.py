"""Data sets of users: store, list, show, delete."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from fastapi import Query as FromQuery
from fastapi.responses import JSONResponse
from pydantic import Field, TypeAdapter

from api import etags
from api.bodies import is_json, json_body
from api.context import InDatabase, InImporter, WithSettings
from api.formats import JSON
from api.import_answer import answer_of, problem_of
from api.paging import Cursor, Id, Query, linked
from api.preferences import patience_of
from api.problems.handlers import answer_of_document, documented
from api.routes.imports import POLL_S
from api.schemas.base import BINARY, LOCATION, Json
from api.schemas.datasets import DatasetOut, DatasetsOut
from api.schemas.imports import ImportOut
from api.uploads import (
    REQUEST,
    ended,
    folder_options,
    held,
    query_options,
    receive,
    refuse_parameters,
)
from service.datasets import library, preview
from service.datasets.importer import Importer
from service.datasets.store.group_files import COUNTS
from service.datasets.store.reader import PREVIEW, folder_of
from service.errors import NotFoundError
from service.records import STORED, Dataset, Import
from service.settings import Settings
from service.storage import datasets
from service.storage.database import Database
from service.tasks import registry

router = APIRouter(prefix="/v1/datasets", tags=["datasets"])

# How sets are stored whose manifest does not say it.
VALUES = "values"
LISTED = TypeAdapter(DatasetsOut)
PNG = {"content": {"image/png": BINARY}}


class DatasetsQuery(Query):
    """Which data sets to list."""

    limit: int = Field(default=50, ge=1, le=200)
    cursor: Cursor = None


def dataset_out(found: Dataset) -> Json:
    """Return the response of a set."""
    values = asdict(found)
    details = values.pop("details")
    known = {
        "dataset": f"{STORED}:{found.id}",
        "class_counts": details["class_counts"],
        "preview_rows": preview.row_names(details["manifest"], details["class_counts"]),
        "warnings": details["warnings"],
        "left_out": details.get("left_out"),
    }
    unsaid = {"target_channels": None, "storage": VALUES, COUNTS: None}
    return {**unsaid, **details["manifest"], **values, **known}


def built_in_sets() -> list[Json]:
    """Return the built-in sets, each with the kind of task that uses it."""
    return [
        {"dataset": name, "task": task, **info.model_dump(exclude={"sha256"})}
        for task, name, info in registry.built_in_sets()
    ]


@router.post(
    "",
    status_code=201,
    response_model=DatasetOut,
    responses={
        201: LOCATION,
        202: LOCATION | {"model": ImportOut, "description": "The import goes on."},
        **documented(400, 403, 409, 413, 415, 422, 507),
    },
    openapi_extra=REQUEST,
)
async def add_dataset(
    database: InDatabase, settings: WithSettings, importer: InImporter, request: Request
) -> Response:
    """Store a data set: a file as the body, its options in the query; or a folder as JSON.

    An import that takes longer than a request should is answered with 202, and goes on.
    """
    patience = patience_of(request)
    started = await _started(database, settings, importer, request)
    found = await ended(importer, database, settings, started.id, patience.seconds)
    answer = await to_thread.run_sync(_answer_of, database, found)
    if patience.applied:
        answer.headers["preference-applied"] = patience.applied
    return answer


async def _started(
    database: Database, settings: Settings, importer: Importer, request: Request
) -> Import:
    digest = folder = None
    if is_json(request):
        refuse_parameters(request)
        folder, options = folder_options(await json_body(request))
    else:
        options = query_options(request)
    async with held(database, settings) as place:
        if folder is None:
            digest = await receive(request, place.work)
        start = partial(importer.start, place, options, digest=digest, folder=folder)
        return await to_thread.run_sync(start)


def _answer_of(database: Database, found: Import) -> Response:
    """Return the answer of an upload, by how its import stands."""
    if (problem := problem_of(found)) is not None:
        return answer_of_document(problem)
    if found.dataset_id is None:
        headers = {"location": f"/v1/datasets/imports/{found.id}", "retry-after": str(POLL_S)}
        return JSONResponse(answer_of(found), 202, headers)
    with database.read() as session:
        stored = dataset_out(datasets.get(session, found.dataset_id))
    content = DatasetOut.model_validate(stored).model_dump(mode="json")
    return JSONResponse(content, 201, {"location": f"/v1/datasets/{found.dataset_id}"})


@router.get("", response_model=DatasetsOut, responses={**documented(422), **etags.UNCHANGED})
def list_datasets(
    database: InDatabase,
    request: Request,
    query: Annotated[DatasetsQuery, FromQuery()],
) -> Response:
    """List the stored sets, the newest first, and the built-in ones."""
    with database.read() as session:
        found = datasets.page(session, limit=query.limit + 1, before=query.cursor)
    kept, link = linked(found, query.limit, request, lambda one: one.id)
    items = [dataset_out(one) for one in kept]
    body = LISTED.dump_json(
        LISTED.validate_python({"items": items, "built_in": built_in_sets()}), by_alias=True
    )
    return etags.answer_of_content(request, body.decode(), JSON, link)


@router.get("/{dataset_id}", response_model=DatasetOut, responses=documented(404, 422))
def show_dataset(database: InDatabase, dataset_id: Id) -> Json:
    """Show a stored set: its classes, sizes, splits and warnings."""
    with database.read() as session:
        return dataset_out(datasets.get(session, dataset_id))


@router.get(
    "/{dataset_id}/preview",
    response_class=Response,
    responses={200: PNG, **documented(404, 422)},
)
def show_preview(database: InDatabase, settings: WithSettings, dataset_id: Id) -> Response:
    """Show a sheet of samples as PNG: a row for each class, inputs above targets for pairs."""
    with database.read() as session:
        found = datasets.get(session, dataset_id)
    try:
        sheet = (folder_of(settings.data_dir, found.sha256) / PREVIEW).read_bytes()
    except FileNotFoundError as error:  # the set is being deleted
        raise NotFoundError("preview of data set", dataset_id) from error
    return Response(sheet, media_type="image/png", headers={"cache-control": "private"})


@router.delete("/{dataset_id}", status_code=204, responses=documented(403, 404, 409, 413, 422))
def delete_dataset(database: InDatabase, settings: WithSettings, dataset_id: Id) -> None:
    """Delete a stored set; its files are deleted with the last set of the same content."""
    library.delete(database, settings.data_dir, dataset_id)
