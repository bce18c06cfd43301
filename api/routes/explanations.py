"""The pages to which the `type` of a problem leads."""

from __future__ import annotations

from html import escape

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from api.problems.handlers import ProblemError
from api.problems.kinds import PROBLEMS

router = APIRouter(include_in_schema=False)


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
