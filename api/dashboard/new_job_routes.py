"""The routes of a new job: its form, what is wrong with it, its cost, its submission."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from secrets import token_urlsafe
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.orm import Session

from api.bodies import decode_json, json_body
from api.context import InDatabase, WithSettings
from api.dashboard.forms import sent
from api.dashboard.forms.sent import SentForm, sent_form
from api.dashboard.forms.spec_form import refuse_many, spec_form
from api.dashboard.pages import new_job
from api.dashboard.pages.new_job import NewJobPage
from api.dashboard.rendering import html, html_of_stored
from api.paging import MAX_ID, OptionalId
from api.parameters import EXACT
from api.problems.handlers import ProblemError
from api.routes.estimates import Estimated, ask_again
from service.costs.prices import prices_of
from service.digest import digest_of
from service.errors import Fault, InvalidSpecError
from service.jobs import commands
from service.settings import Settings
from service.storage.database import Database
from service.validation import parse
from service.validation.json_pointers import escape

router = APIRouter(include_in_schema=False)

# What a form sends besides the spec's fields: its key, the spec as JSON, what is wanted.
KEY, TEXT, WISH = "key", "spec", "do"
SHOW = "show"
_KEY = re.compile(r"[A-Za-z0-9_-]{1,100}")


@dataclass(frozen=True, slots=True)
class _Draft:
    """A spec that was sent by a form, with what of it could not be read."""

    value: Mapping[str, Any]
    text: str
    faults: Sequence[Fault] = ()
    typed: Mapping[str, str] = field(default_factory=dict)


@router.get("/jobs/new", dependencies=EXACT)
def show_new_job(
    request: Request,
    settings: WithSettings,
    start: Annotated[int | None, Query(alias="from", ge=1, le=MAX_ID)] = None,
    dataset: OptionalId = None,
    template: str | None = None,
) -> HTMLResponse:
    """Show the form of a new job, filled with an example, a job's spec or one for a stored set."""

    def read(session: Session) -> NewJobPage:
        starts = new_job.starts_of(session, start, dataset)
        chosen = new_job.chosen_of(starts, dataset, template)
        found = new_job.composed(
            session,
            chosen.spec,
            address_of(request, settings),
            new_job.faults_of(session, chosen.spec, prices_of(settings)),
        )
        notice = "folder" if new_job.needs_upload(chosen) else ""
        return NewJobPage(starts, chosen.name, chosen.text, found, token_urlsafe(18), notice)

    return html_of_stored(request, "new_job.html", read)


@router.post("/jobs/new")
def submit_new_job(
    request: Request,
    database: InDatabase,
    settings: WithSettings,
    form: Annotated[SentForm, Depends(sent_form)],
) -> Response:
    """Submit a form without scripts: lead to the job, or show the form with what is wrong."""
    draft = _draft_of(form)
    key, is_shown = _key_of(form), form.others.get(WISH) == SHOW
    faults = draft.faults
    if not faults and not is_shown:
        try:
            job_id = _submitted(database, settings, draft.value, key)
        except InvalidSpecError as error:
            faults = new_job.named_of(error)
        else:
            return RedirectResponse(f"/jobs/{job_id}", status_code=303)
    with database.read() as session:
        found = new_job.composed(
            session,
            draft.value,
            address_of(request, settings),
            () if is_shown else faults,
            draft.typed,
            shows_unknown=not is_shown,
        )
        starts = new_job.starts_of(session, None, None)
    page = NewJobPage(starts, "", draft.text, found, key)
    return html(request, "new_job.html", 200 if is_shown else 422, page=page)


@router.post("/jobs/form")
def show_form(
    request: Request,
    database: InDatabase,
    settings: WithSettings,
    body: Annotated[object, Depends(json_body)],
) -> HTMLResponse:
    """Show the form of a spec as it is being written, with what is wrong with it."""
    if not isinstance(body, dict):
        raise ProblemError("invalid-spec", "must be an object", [Fault("", "must be an object")])
    refuse_many(body)
    with database.read() as session:
        faults = new_job.faults_of(session, body, prices_of(settings))
        found = new_job.composed(session, body, address_of(request, settings), faults)
    return html(request, "composed_job.html", at="/jobs/new", composed=found)


@router.post("/jobs/estimate")
def show_estimate(request: Request, found: Estimated) -> HTMLResponse:
    """Answer as ``POST /v1/jobs/estimate`` does, with a part of a page in place of the JSON."""
    answer = html(request, "estimate.html", estimate=found)
    if found.state == "measuring":
        ask_again(answer)
    return answer


def address_of(request: Request, settings: Settings) -> str:
    """Return the server's address as its users know it, with a slash at its end."""
    public = settings.public_address
    return str(public) if public is not None else str(request.base_url)


def _key_of(form: SentForm) -> str:
    given = form.others.get(KEY, "")
    return given if _KEY.fullmatch(given) else token_urlsafe(18)


def _submitted(database: Database, settings: Settings, value: Mapping[str, Any], key: str) -> int:
    """Submit a spec; a form that was changed before it was sent again is another job."""
    spec = parse.parse(value)
    digest = digest_of(spec.model_dump(mode="json"))
    job, _ = commands.submit(database, spec, f"form-{key}-{digest[:16]}", prices_of(settings))
    return job.id


def _draft_of(form: SentForm) -> _Draft:
    text = form.others.get(TEXT)
    return _of_text(text) if text is not None else _of_fields(form)


def _of_text(text: str) -> _Draft:
    try:
        value = decode_json(text.encode())
    except ProblemError as error:
        return _Draft({}, text, error.faults)
    if not isinstance(value, dict):
        return _Draft({}, text, [Fault("", "must be an object")])
    return _Draft(value, text)


def _of_fields(form: SentForm) -> _Draft:
    """Read the fields of a form: first its kinds, which decide what the other fields are."""
    made_up = {
        f"/{escape(name)}": text
        for name, text in form.others.items()
        if name not in (KEY, WISH, "template")
    }
    is_shown = form.others.get(WISH) == SHOW
    values = sent.compact({**form.values, **made_up})
    fields = list(spec_form(sent.as_texts(values), shows_unknown=not is_shown).fields)
    if is_shown:  # of another kind
        known = {one.pointer for one in fields}
        values = {at: text for at, text in values.items() if at in known}
    value, faults = sent.decoded(values, fields)
    typed = {fault.pointer: values[fault.pointer] for fault in faults}
    return _Draft(value, new_job.text_of(value), faults, typed)
