"""From templates to pages."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FunctionLoader, StrictUndefined

from api.dashboard import assets
from api.dashboard.bars import bars
from api.dashboard.costs import COST_FILTERS
from api.dashboard.formats import FILTERS
from api.dashboard.traces import dash_of
from service.states import JobState

# A page shows the present; the browser must not show an old one after "back".
HEADERS = {"Cache-Control": "no-store"}


@cache
def _templates() -> Environment:
    folder = files("api.dashboard").joinpath("templates")
    environment = Environment(
        loader=FunctionLoader(lambda name: folder.joinpath(name).read_text("utf-8")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS, **COST_FILTERS, bars=bars)
    environment.globals.update(asset=assets.url, job_states=list(JobState), dash_of=dash_of)
    return environment


def html(name: str, status_code: int = 200, **values: object) -> HTMLResponse:
    """Render a template as a response."""
    body = _templates().get_template(name).render(**values)
    return HTMLResponse(body, status_code, headers=HEADERS)
