"""The page of a new job: specs to start from, and the form of the chosen one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy.orm import Session

from api.dashboard.examples import EXAMPLES, Example
from api.dashboard.forms.fields import FormChoice
from api.dashboard.forms.snippets import Snippet, snippets
from api.dashboard.forms.spec_form import SpecForm, anchors, spec_form
from api.dashboard.json_text import json_text
from api.dashboard.pages.datasets import BuiltInLine, DatasetLine
from densearch.names import quoted
from service.costs.prices import Prices
from service.datasets import plugin as dataset_plugin
from service.errors import Fault, InvalidSpecError, NotFoundError
from service.jobs import commands as service_jobs
from service.records import STORED, Job, Json
from service.storage import datasets, jobs
from service.tasks.kinds import TRAINED
from service.tasks.registry import TASKS
from service.validation import parse

# So many of the newest stored sets can be picked; any other is written into the JSON.
SETS_OFFERED = 200
STORED_HERE = "stored here"

Picked: TypeAlias = DatasetLine | BuiltInLine | None


@dataclass(frozen=True, slots=True)
class Composed:
    """A spec as it is being written.

    Attributes:
        form: Its form.
        snippets: The same job to copy.
        picked: The data set of its task; None where it has none that is known.
        has_stored: Whether a stored set fits its task.
    """

    form: SpecForm
    snippets: Sequence[Snippet]
    picked: Picked
    has_stored: bool

    @property
    def anchors(self) -> Collection[str]:
        """The sections that the guide explains."""
        return anchors()

    @property
    def is_stored(self) -> bool:
        """Whether the data set is one that was stored here."""
        return isinstance(self.picked, DatasetLine)


@dataclass(frozen=True, slots=True)
class NewJobPage:
    """The specs to start from, and the one that is being written.

    Attributes:
        starts: The specs to start from.
        chosen: Name of the chosen one; "" where another was written.
        text: The spec, as JSON.
        composed: Its form.
        key: Of the submission: sent twice, the same form is one job.
        kept: What the form carries for kinds that are not chosen now (`forms.kept`).
        notice: What the user should know of the start.
    """

    starts: Sequence[Example]
    chosen: str
    text: str
    composed: Composed
    key: str
    kept: str = ""
    notice: str = ""


def starts_of(session: Session, job_id: int | None, dataset_id: int | None) -> Sequence[Example]:
    """Read the specs to start from: that of a job, the examples, one on a stored set.

    Args:
        session: In a transaction.
        job_id: A job whose spec comes first.
        dataset_id: A stored set that is trained on; the newest where this is None.

    Raises:
        NotFoundError: There is no such job or set.
    """
    newest = [DatasetLine(found) for found in datasets.page(session, limit=SETS_OFFERED)]
    starts = [*EXAMPLES, _folder(newest)]
    line = _stored(session, dataset_id, newest)
    if line is not None:
        title = f"Train on the data set {line.record.name} ({line.name})"
        starts.append(Example("stored", title, line.job))
    if job_id is not None:
        job = jobs.get(session, job_id)
        title = f"The spec of job {job.id}, {job.name}"
        starts.insert(0, Example("job", title, _spec_of(session, job)))
    return starts


def chosen_of(starts: Sequence[Example], dataset_id: int | None, template: str | None) -> Example:
    """Return the start that a page opens with.

    Raises:
        NotFoundError: No start has the template's name.
    """
    wanted = "stored" if dataset_id is not None else template or starts[0].name
    found = next((start for start in starts if start.name == wanted), None)
    if found is None:
        names = ", ".join(start.name for start in starts)
        raise NotFoundError("template", f"{quoted(wanted)}: choose from {names}")
    return found


def form_of(
    session: Session,
    value: Mapping[str, Any],
    faults: Sequence[Fault] = (),
    typed: Mapping[str, str] | None = None,
    *,
    shows_unknown: bool = True,
) -> SpecForm:
    """Return the form of a spec, with the data sets that may be picked; arguments as there."""
    offered = list(_offered(session, _kind_of(value)))
    return spec_form(value, offered, faults, typed, shows_unknown=shows_unknown)


def composed(
    session: Session,
    value: Mapping[str, Any],
    form: SpecForm,
    address: str,
    *,
    has_token: bool,
) -> Composed:
    """Return a spec that is being written, as the page shows it.

    Args:
        session: In a transaction.
        value: The spec.
        form: Its form.
        address: Of the server, for the texts to copy.
        has_token: Whether the server asks for one.
    """
    task, kind = value.get("task"), _kind_of(value)
    chosen = task.get("dataset") if isinstance(task, Mapping) else None
    found = (one for one in form.fields if one.pointer == "/task/dataset")
    sets = next((one.choices for one in found), ())
    return Composed(
        form,
        snippets(value, address, has_token=has_token),
        _picked(session, kind, chosen),
        any(choice.group == STORED_HERE for choice in sets),
    )


def _kind_of(value: Mapping[str, Any]) -> str:
    task = value.get("task")
    return str(task.get("kind")) if isinstance(task, Mapping) else ""


def faults_of(session: Session, value: object, prices: Prices) -> Sequence[Fault]:
    """Return what is wrong with a spec, with what it refers to in the database."""
    try:
        spec = parse.parse(value)
        if faults := service_jobs.faults_of(spec, prices):
            return faults
        service_jobs.admitted(session, spec, [])
    except InvalidSpecError as error:
        return named_of(error)
    return ()


def named_of(error: InvalidSpecError) -> Sequence[Fault]:
    """Return the faults that an error names; a last one counts the others."""
    more = error.n_faults - len(error.faults)
    return [*error.faults, Fault("", f"and {more:,} more")] if more else error.faults


def _offered(session: Session, kind: str) -> Iterator[FormChoice]:
    """Yield the data sets that fit a kind of task."""
    if kind not in TRAINED:
        return
    info = TASKS[kind]
    for name in info.sets:
        yield FormChoice(name, f'"{name}"', name, "built in")
    for name in dataset_plugin.names_for(kind, info.sets):
        yield FormChoice(name, f'"{name}"', name, "of packages")
    for record in datasets.page(session, limit=SETS_OFFERED):
        if info.misfit(record.details["manifest"]) is None:
            name = f"{STORED}:{record.id}"
            yield FormChoice(name, f'"{name}"', f"{record.name} ({name})", STORED_HERE)


def _picked(session: Session, kind: str, chosen: object) -> Picked:
    if kind not in TRAINED:
        return None
    sets = TASKS[kind].sets
    name = str(chosen) if chosen else next(iter(sets))
    if name in sets:
        return BuiltInLine(kind, name, sets[name])
    source, _, number = name.partition(":")
    if source == STORED and number.isdecimal() and len(number) < 19:
        with suppress(NotFoundError):
            return DatasetLine(datasets.get(session, int(number)))
    return None


def _folder(newest: Sequence[DatasetLine]) -> Example:
    """Return a start on the newest set of classes; on a built-in one where none is stored."""
    title = "Classify my folder of pictures"
    own = (line for line in newest if line.record.kind == "labelled" and line.obstacle is None)
    line = next(own, None)
    if line is not None:
        return Example("folder", f"{title}: {line.record.name}", line.job)
    task = {"kind": "classification", "dataset": "digits"}
    return Example(
        "folder", title, {"name": "my folder", "task": task, "budget": {"n_trials": 30}}
    )


def needs_upload(start: Example) -> bool:
    """Whether a start waits for pictures of the user's own."""
    return start.name == "folder" and start.spec["task"]["dataset"] == "digits"


def _stored(
    session: Session, dataset_id: int | None, newest: Sequence[DatasetLine]
) -> DatasetLine | None:
    if dataset_id is not None:
        return DatasetLine(datasets.get(session, dataset_id))
    return next((line for line in newest[:1] if line.obstacle is None), None)


def _spec_of(session: Session, job: Job) -> Json:
    """Return a job's spec as it may be submitted again; as it is stored where it may not."""
    try:
        spec = service_jobs.spec_again(session, job)
    except InvalidSpecError:
        return job.spec
    short = service_jobs.body_of(spec, exclude_none=True)
    full = service_jobs.body_of(spec)
    return short if _is_same(short, full) else full


def _is_same(short: Json, full: Json) -> bool:
    try:
        return parse.parse(short) == parse.parse(full)
    except InvalidSpecError:
        return False


def text_of(value: object) -> str:
    """Return a spec as the page's text."""
    return json_text(value)
