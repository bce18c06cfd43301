"""Renders templates as pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from importlib.metadata import version

from fastapi import HTTPException, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment
from markupsafe import Markup
from sqlalchemy.orm import Session

from api import etags
from api.context import database_of, settings_of
from api.dashboard import assets, guide
from api.dashboard.cost_formats import COST_FILTERS
from api.dashboard.figures.bars import bars
from api.dashboard.figures.traces import dash_of
from api.dashboard.formats import FILTERS
from api.dashboard.pages.trial_rows import TrialLine
from api.etags import Made
from api.preferences import preferred
from api.templating import environment_of
from densearch.answers import marked_arm
from service import clock
from service.errors import NotFoundError
from service.jobs import progress
from service.states import JobState
from service.storage.job_versions import version_of
from service.storage.recent import freshness_of
from service.storage.stored_trials import MOST_KEPT
from service.tasks.metric_names import in_order

# A page shows the present; the browser must not show an old one after "back".
HEADERS = {"Cache-Control": "no-store"}


@cache
def _templates() -> Environment:
    environment = environment_of("api.dashboard")
    environment.filters.update(FILTERS, **COST_FILTERS, bars=bars, in_order=in_order)
    environment.globals.update(
        asset=assets.url,
        densearch_version=version("densearch"),
        job_states=list(JobState),
        dash_of=dash_of,
        guide_is_here=guide.is_here,
        marked_arm=marked_arm,
        line_text=_line_text,
    )
    return environment


def root_of(path: str) -> str:
    """Return the relative address of the server's root in a page at `path`.

    All addresses in pages begin with it. So they hold below any prefix of a reverse proxy, which
    the server need not know.
    """
    return "../" * (path.count("/") - 1) or "./"


def html_of_stored(
    request: Request,
    name: str,
    read: Callable[[Session], object],
    *,
    at: str | None = None,
    is_tagged: bool = True,
) -> Response:
    """Render a template with what is read of the database; a page that says so if there is none.

    Args:
        request: As in `html`.
        name: Of the template; it gets the value as `page`.
        read: Called in one transaction; a `NotFoundError` is answered with the status 404.
        at: As in `html`.
        is_tagged: Likewise.
    """
    try:
        with database_of(request).read() as session:
            page = read(session)
    except NotFoundError as error:
        return missing(request, str(error))
    return html(request, name, at=at, is_tagged=is_tagged, page=page, query=_query(request))


def html_of_job(
    request: Request,
    job_id: int,
    name: str,
    read: Callable[[Session], object],
    *,
    is_timed: bool = False,
    others: Callable[[Session], object] | None = None,
    at: str | None = None,
) -> Response:
    """As `html_of_stored`, for a page about a job: made once for each of its versions.

    The template gets why the job makes no progress as `waits_for`, as REST has it.

    Args:
        request: As in `html`.
        job_id: Of which job.
        name: As there.
        read: As there; what it reads must follow from `service.storage.job_versions`.
        is_timed: Whether the page of a job at work depends on the clock: then it has no tag, and
            one that was made is sent again for less than a second.
        others: Returns what else the page depends on, besides the database.
        at: As in `html`.
    """
    root = root_of(at or request.scope["path"])
    try:
        with database_of(request).read() as session:
            version = version_of(session, job_id)
            is_shown = version.is_final or not is_timed
            second = None if is_shown else int(clock.now().timestamp())
            why = progress.reason(session, version, settings_of(request))
            besides = others(session) if others is not None else None
            tag = etags.tag_of(request, version, why, besides, second)
            return etags.answer(
                request,
                tag,
                "text/html",
                lambda: Made(
                    text_of(
                        name, root, page=read(session), waits_for=why, query=_query(request)
                    ).encode()
                ),
                is_shown=is_shown,
                freshness=freshness_of(session) if others is None else None,
            )
    except NotFoundError as error:
        return missing(request, str(error))


def html_of_version(
    request: Request,
    name: str,
    read: Callable[[Session], object],
    version: Callable[[Session], Sequence[object]],
) -> Response:
    """As `html_of_stored`, for a page that is made once for each version of what it shows.

    Args:
        request: As in `html`.
        name: As there.
        read: As there; what it reads must follow from the version.
        version: Returns all that the page depends on; nothing of it is the clock.
    """
    root, query = root_of(request.scope["path"]), _query(request)
    try:
        with database_of(request).read() as session:
            return etags.answer(
                request,
                etags.tag_of(request, *version(session)),
                "text/html",
                lambda: Made(text_of(name, root, page=read(session), query=query).encode()),
                freshness=freshness_of(session),
            )
    except NotFoundError as error:
        return missing(request, str(error))


def html_of_jobs(
    request: Request, job_ids: Sequence[int], name: str, read: Callable[[Session], object]
) -> Response:
    """As `html_of_version`, for a page about several jobs."""
    return html_of_version(
        request, name, read, lambda session: [version_of(session, own) for own in job_ids]
    )


def missing(request: Request, detail: str) -> Response:
    """Render the page that says what is not there.

    Raises:
        HTTPException: The client prefers JSON: the problem's document is its answer.
    """
    accept = request.headers.getlist("accept")
    if preferred(accept, ("text/html", "application/json")) == "application/json":
        raise HTTPException(404, detail)
    return html(request, "missing.html", 404, detail=detail)


def _query(request: Request) -> str:
    """Return the query of the page's address, for that of its figures."""
    return str(request.scope["query_string"].decode("ascii", "ignore"))


def html(
    request: Request,
    name: str,
    status_code: int = 200,
    *,
    at: str | None = None,
    is_tagged: bool = True,
    **values: object,
) -> Response:
    """Render a template as a response; a page that its reader has is answered 304.

    Args:
        request: Its path is that of the page.
        name: Of the template.
        status_code: Of the response.
        at: Path of the page in which a script puts the result, when that is another.
        is_tagged: Whether a page with the status 200 gets the tag of its content.
        values: For the template.
    """
    body = text_of(name, root_of(at or request.scope["path"]), **values)
    if is_tagged and request.method == "GET" and status_code == 200:
        return etags.answer_of_content(request, body, "text/html")
    return HTMLResponse(body, status_code, headers=HEADERS)


def _line_text(line: TrialLine, columns: Sequence[str], root: str) -> Markup:
    """Render a line of the table of trials."""
    return _kept_line(line, tuple(columns), root)


@lru_cache(MOST_KEPT)
def _kept_line(line: TrialLine, columns: tuple[str, ...], root: str) -> Markup:
    return Markup(text_of("trial_line.html", root, line=line, columns=columns))  # noqa: S704 - a template's


def text_of(name: str, root: str, **values: object) -> str:
    """Render a template as text; `root` is the relative address of the server's root."""
    return _templates().get_template(name).render(root=root, **values)
