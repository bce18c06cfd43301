"""The routes of the documents."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from api.dashboard import guide
from api.dashboard.rendering import html
from densearch.names import quoted

router = APIRouter(include_in_schema=False)


@router.get("/guide")
def show_contents(request: Request) -> HTMLResponse:
    """Show which documents there are."""
    return html(request, "guide.html", page=None, contents=guide.contents())


@router.get("/guide/{name:path}", response_model=None)
def show_document(request: Request, name: str) -> Response:
    """Show a document, or send one of its pictures."""
    found = guide.page(name)
    if found is not None:
        return html(request, "guide.html", page=found, contents=guide.contents())
    picture = guide.image(name)
    if picture is not None:
        return Response(picture[0], media_type=picture[1], headers={"Cache-Control": "no-cache"})
    detail = f"there is no document {quoted(name)}"
    return html(request, "missing.html", 404, detail=detail)
