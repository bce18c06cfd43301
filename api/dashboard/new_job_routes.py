"""The routes of a new job: its form, what is wrong with it, its cost, its submission."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from api.bodies import decode_json, json_body
from api.context import InDatabase, WithSettings
from api.dashboard.forms import kept, sent
from api.dashboard.forms.sent import SentForm, sent_form
from api.dashboard.forms.spec_form import SpecForm, refuse_many
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

# What a form sends besides the spec's fields: its key, the spec as JSON, what is wanted, what it
# carries for kinds that are not chosen now.
KEY, TEXT, WISH, KEPT = "key", "spec", "do", "kept"
SHOW = "show"
_KEY = re.compile(r"[A-Za-z0-9_-]{1,100}")


@dataclass(frozen=True, slots=True)
class _Draft:
    """A spec that was sent by a form, with what of it could not be read.

    Attributes:
        value: The spec.
        text: As JSON.
        form: The form of it, with what was typed, without its faults.
        faults: What could not be read.
        kept: As in `NewJobPage`.
    """

    value: Mapping[str, Any]
    text: str
    form: SpecForm
    faults: Sequence[Fault] = ()
    kept: str = ""


@router.get("/jobs/new", dependencies=EXACT)
def show_new_job(
    request: Request,
    settings: WithSettings,
    start: Annotated[int | None, Query(alias="from", ge=1, le=MAX_ID)] = None,
    dataset: OptionalId = None,
    template: str | None = None,
) -> Response:
    """Show the form of a new job, filled with an example, a job's spec or one for a stored set."""

    def read(session: Session) -> NewJobPage:
        starts = new_job.starts_of(session, start, dataset)
        chosen = new_job.chosen_of(starts, dataset, template)
        faults = new_job.faults_of(session, chosen.spec, prices_of(settings))
        form = new_job.form_of(session, chosen.spec, faults)
        found = _composed(session, chosen.spec, form, request, settings)
        notice = "folder" if new_job.needs_upload(chosen) else ""
        key = token_urlsafe(18)
        return NewJobPage(starts, chosen.name, chosen.text, found, key, notice=notice)

    # The form's key is another one each time, and so would its tag be.
    return html_of_stored(request, "new_job.html", read, is_tagged=False)


@router.post("/jobs/new")
def submit_new_job(
    request: Request,
    database: InDatabase,
    settings: WithSettings,
    form: Annotated[SentForm, Depends(sent_form)],
) -> Response:
    """Submit a form without scripts: lead to the job, or show the form with what is wrong."""
    with database.read() as session:
        draft = _draft_of(session, form)
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
        filled = draft.form.with_faults(() if is_shown else faults)
        found = _composed(session, draft.value, filled, request, settings)
        starts = new_job.starts_of(session, None, None)
    page = NewJobPage(starts, "", draft.text, found, key, draft.kept)
    return html(request, "new_job.html", 200 if is_shown else 422, page=page)


@router.post("/jobs/form")
def show_form(
    request: Request,
    database: InDatabase,
    settings: WithSettings,
    body: Annotated[object, Depends(json_body)],
) -> Response:
    """Show the form of a spec as it is being written, with what is wrong with it."""
    if not isinstance(body, dict):
        raise ProblemError("invalid-spec", "must be an object", [Fault("", "must be an object")])
    refuse_many(body)
    with database.read() as session:
        faults = new_job.faults_of(session, body, prices_of(settings))
        form = new_job.form_of(session, body, faults)
        found = _composed(session, body, form, request, settings)
    return html(request, "composed_job.html", at="/jobs/new", composed=found)


@router.post("/jobs/estimate")
def show_estimate(request: Request, found: Estimated) -> Response:
    """Answer as ``POST /v1/jobs/estimate`` does, with a part of a page in place of the JSON."""
    answer = html(request, "estimate.html", estimate=found)
    if found.state == "measuring":
        ask_again(answer)
    return answer


def _composed(
    session: Session,
    value: Mapping[str, Any],
    form: SpecForm,
    request: Request,
    settings: Settings,
) -> new_job.Composed:
    has_token = settings.token is not None
    return new_job.composed(
        session, value, form, address_of(request, settings), has_token=has_token
    )


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


def _draft_of(session: Session, form: SentForm) -> _Draft:
    text = form.others.get(TEXT)
    return _of_text(session, text) if text is not None else _of_fields(session, form)


def _of_text(session: Session, text: str) -> _Draft:
    value, faults = _read(text)
    return _Draft(value, text, new_job.form_of(session, value), faults)


def _read(text: str) -> tuple[Mapping[str, Any], Sequence[Fault]]:
    try:
        value = decode_json(text.encode())
    except ProblemError as error:
        return {}, error.faults
    if isinstance(value, dict):
        return value, ()
    return {}, [Fault("", "must be an object")]


def _of_fields(session: Session, form: SentForm) -> _Draft:
    """Read the fields of a form: its kinds decide what the other fields are."""
    made_up = {
        f"/{escape(name)}": text
        for name, text in form.others.items()
        if name not in (KEY, WISH, KEPT, "template")
    }
    is_shown = form.others.get(WISH) == SHOW
    given = {**form.values, **made_up}
    known = kept.kept_of(form.others.get(KEPT, "{}"))
    values = sent.compact(given)
    if is_shown:  # of another kind, which may have been filled in before
        known |= {at: text for at, text in given.items() if text}
        values |= kept.fitting(known, given)
    shown = new_job.form_of(
        session, sent.as_texts(values), typed=values, shows_unknown=not is_shown
    )
    fields = list(shown.fields)
    pointers = {one.pointer for one in fields}
    if is_shown:
        values = {at: text for at, text in values.items() if at in pointers}
    value, faults = sent.decoded(values, fields)
    refuse_many(value)
    left = kept.carried(known, pointers)
    return _Draft(value, new_job.text_of(value), shown, faults, left)
