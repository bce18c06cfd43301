"""The pages to which the `type` of a problem leads."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from api.dashboard.rendering import html
from api.preferences import prefers_html
from api.problems.handlers import ProblemError
from api.problems.kinds import PROBLEMS
from densearch.names import quoted

router = APIRouter(include_in_schema=False)


@router.get("/problems/{slug}")
def explain(request: Request, slug: str) -> Response:
    """Explain a kind of problem: a page for browsers, JSON for programs."""
    problem = PROBLEMS.get(slug)
    if problem is None:
        raise ProblemError("not-found", f"there is no problem {quoted(slug)}")
    members: dict[str, Any] = {
        name: getattr(problem, name) for name in ("status", "title", "remedy")
    }
    if not prefers_html(request.headers.getlist("accept")):
        return JSONResponse({"type": problem.type, **members})
    return html(
        request,
        "problem.html",
        **members,
        detail="",
        entries=(),
        n_more=0,
        request_id="",
        can_retry=False,
    )
