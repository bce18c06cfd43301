"""The routes of the documents."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, RedirectResponse

from api.dashboard import built_site, guide
from api.dashboard.rendering import html, missing
from densearch.names import quoted

router = APIRouter(include_in_schema=False)
FRESH = {"Cache-Control": "no-cache"}


@router.get("/guide", response_model=None)
def show_contents(request: Request) -> Response:
    """Show which documents there are."""
    if built_site.built() is not None:
        # Relative, so that it holds below the prefix of a reverse proxy.
        return RedirectResponse("guide/index", 307)
    return html(request, "guide.html", page=None, contents=guide.contents())


@router.get("/guide/{name:path}", response_model=None)
def show_document(request: Request, name: str) -> Response:
    """Show a document, or send one of its pictures."""
    pages = built_site.built()
    sent = pages.file(name) if pages is not None else None
    if sent is not None:
        return FileResponse(sent[0], media_type=sent[1], headers=FRESH)
    found = guide.page(name)
    if found is not None:
        return html(request, "guide.html", page=found, contents=guide.contents())
    picture = guide.image(name)
    if picture is not None:
        return Response(picture[0], media_type=picture[1], headers=FRESH)
    detail = f"there is no document {quoted(name)}"
    return missing(request, detail)
