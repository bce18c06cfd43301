"""The pages that a problem's `type` leads to, and the favicon."""

from __future__ import annotations

from html import escape

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from api.problems import PROBLEMS, ProblemError

router = APIRouter(include_in_schema=False)

# A density: heavy at its centre, light at its rim.
ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 3 3">'
    '<rect width="3" height="3" fill="#cbd5f5"/>'
    '<path d="M1 0h1v3H1zM0 1h3v1H0z" fill="#7c8fe0"/>'
    '<rect x="1" y="1" width="1" height="1" fill="#3444a5"/></svg>'
)


@router.get("/favicon.ico")
def favicon() -> Response:
    """Show the icon that a browser asks for by itself."""
    headers = {"cache-control": "max-age=86400"}
    return Response(ICON, media_type="image/svg+xml", headers=headers)


@router.get("/problems/{slug}")
def explain(request: Request, slug: str) -> Response:
    """Explain a kind of problem: a page for browsers, JSON for programs."""
    problem = PROBLEMS.get(slug)
    if problem is None:
        raise ProblemError("not-found", f"there is no problem {slug[:100]!r}")
    if "text/html" not in request.headers.get("accept", ""):
        members = ("status", "title", "remedy")
        return JSONResponse({"type": problem.type, **{m: getattr(problem, m) for m in members}})
    return HTMLResponse(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(problem.title)}'
        f"</title><h1>{escape(problem.title)}</h1><p>Status {problem.status}.</p>"
        f"<p>{escape(problem.remedy)}</p></html>"
    )
