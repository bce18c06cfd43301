"""The report of a job: as JSON, and as a document in HTML, Markdown or PDF."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from fastapi import Query as FromQuery
from fastapi.responses import Response

from api import conditional, formats
from api.context import InDatabase, WithSettings
from api.documents import pdf
from api.documents.compose import document_of
from api.documents.html_page import html_of
from api.documents.markdown import markdown_of
from api.documents.source import DocumentSource, read_source
from api.paging import Id, Query
from api.preferences import preferred
from api.problems.handlers import ProblemError, documented
from api.schemas.base import BINARY, DOCUMENT, TEXT, Json, reference
from service.storage import deadlines, jobs
from service.storage.database import Database

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

Form = Literal["json", "html", "md", "pdf"]
MEDIA_TYPES: Mapping[Form, str] = {
    "json": formats.JSON,
    "html": formats.MEDIA_TYPES["html"],
    "md": formats.MEDIA_TYPES["md"],
    "pdf": formats.MEDIA_TYPES["pdf"],
}
_CONTENT = {
    MEDIA_TYPES["json"]: {"schema": reference("ReportOut")},
    MEDIA_TYPES["html"]: TEXT,
    MEDIA_TYPES["md"]: TEXT,
    MEDIA_TYPES["pdf"]: BINARY,
}
# The path has no name of the user's; a browser shows HTML and offers the others to be saved.
_DISPOSITIONS: Mapping[Form, str] = {"html": "inline", "md": "attachment", "pdf": "inline"}


class ReportQuery(Query):
    """The format of a report."""

    format: Form | None = FromQuery(
        default=None,
        description="As Accept says if left out, and JSON where that leaves it open.",
    )


def _wanted(request: Request, query: Annotated[ReportQuery, FromQuery()]) -> Form:
    """Return the format that a request wants: its parameter counts before its header."""
    if query.format is not None:
        return query.format
    accepted = preferred(request.headers.getlist("accept"), list(MEDIA_TYPES.values()))
    return next(form for form, media_type in MEDIA_TYPES.items() if media_type == accepted)


@router.get(
    "/{job_id}/report",
    response_model=None,
    responses={
        200: {"content": _CONTENT},
        304: {"description": "The document is the one that If-None-Match names."},
        **documented(404, 422, 501, 503),
    },
)
def show_report(
    database: InDatabase,
    settings: WithSettings,
    request: Request,
    job_id: Id,
    form: Annotated[Form, Depends(_wanted)],
) -> Response:
    """Show what a job found: as JSON once it has succeeded, as a document at any time."""
    if form == "json":
        content = DOCUMENT.dump_json(_stored(database, job_id))
        return Response(content, media_type=MEDIA_TYPES[form], headers={"vary": "accept"})
    with database.read() as session:
        source = read_source(session, job_id, settings)
    return _document(request, source, form)


def _document(request: Request, source: DocumentSource, form: Form) -> Response:
    document = document_of(source)
    text = markdown_of(document) if form == "md" else html_of(document)
    tag = conditional.tag_of(text, form)
    headers = {
        "etag": tag,
        "vary": "accept",
        "cache-control": "private, no-cache",
        "content-disposition": f'{_DISPOSITIONS[form]}; filename="report-{source.job.id}.{form}"',
    }
    if conditional.is_known(request.headers.get("if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    return Response(_body(text, form), media_type=MEDIA_TYPES[form], headers=headers)


def _stored(database: Database, job_id: int) -> Json:
    with database.read() as session:
        report = jobs.get(session, job_id).report
    if report is None:
        what = "there is one once it has SUCCEEDED, and format=html shows what there is"
        raise ProblemError("not-found", f"job {job_id} has no report yet: {what}")
    return report


def _body(text: str, form: Form) -> str | bytes:
    if form != "pdf":
        return text
    deadlines.extend(pdf.LIMIT_S)
    return pdf.pdf_of(text)
