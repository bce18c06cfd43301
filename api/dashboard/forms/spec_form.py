"""The form of a job's spec: the generator of forms, with what a server knows of its values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

from api.dashboard import guide
from api.dashboard.examples import EXAMPLES
from api.dashboard.forms.builder import FormBuilder
from api.dashboard.forms.fault_places import placed
from api.dashboard.forms.fields import Fieldset, FormChoice, FormField, Part, fields_in
from api.dashboard.forms.offers import Offers
from api.dashboard.forms.schemas import Plain, Schema, plain
from api.problems.handlers import ProblemError
from service import networks
from service.errors import Fault, UnknownSamplerError
from service.extensions.entry_points import PluginError
from service.samplers.catalogue import option_faults, registry
from service.spec import JobSpec
from service.tasks.kinds import TRAINED
from service.validation.studies import CONTROL_FIELDS

# Sections in the order in which one fills them in; what is not named here stands under "More".
ORDER = (
    "task", "network", "training", "density", "samplers", "controls", "budget", "fidelity",
    "evaluation", "resources",
)  # fmt: skip


# Members of all objects of a spec of which a form is made.
MOST_MEMBERS = 2000
# Of all lists: bounds may have some thousand.
MOST_ITEMS = 20_000


@dataclass(frozen=True, slots=True)
class SpecForm:
    """A filled form.

    Attributes:
        sections: Its fieldsets: what names the job, the sections of the spec, and the rest.
        faults: What is wrong and belongs to no field.
        is_valid: Whether nothing is wrong.
    """

    sections: Sequence[Part]
    faults: Sequence[Fault] = ()
    is_valid: bool = True

    def with_faults(self, faults: Sequence[Fault]) -> SpecForm:
        """Return the same form with what is wrong, each fault in its place."""
        sections, rest = placed(self.sections, faults)
        return SpecForm(sections, rest, not faults)

    @property
    def fields(self) -> Iterator[FormField]:
        """All fields, in their order."""
        for section in self.sections:
            yield from fields_in(section)


def spec_form(
    value: Mapping[str, Any],
    datasets: Sequence[FormChoice] = (),
    faults: Sequence[Fault] = (),
    typed: Mapping[str, str] | None = None,
    *,
    shows_unknown: bool = True,
) -> SpecForm:
    """Return the form of a spec.

    Args:
        value: The spec, as far as it is written.
        datasets: That may be chosen for its task.
        faults: What is wrong with it.
        typed: Texts as they were typed, in place of the spec's values.
        shows_unknown: Whether members that no schema knows are shown.

    Raises:
        ProblemError: bad-request; the spec has more values than a form can show.
    """
    refuse_many(value)
    builder = FormBuilder(_offers(value, datasets), typed or {}, shows_unknown)
    parts = {part.pointer[1:]: part for part in builder.members(_schema(), value, "")}
    leaves = [part for part in parts.values() if isinstance(part, FormField)]
    named = [part for part in leaves if part.is_required]
    rest = [part for name, part in parts.items() if name not in ORDER and part not in named]
    sections = [
        Fieldset("/job", "Job", named, is_given=True),
        *(_as_section(parts[name]) for name in ORDER),
        Fieldset("/more", "More", rest),
    ]
    return SpecForm(sections).with_faults(faults)


def refuse_many(value: object) -> None:
    """Refuse a spec with more values than a form can show.

    Raises:
        ProblemError: bad-request.
    """
    for found, most in ((_members_in(value), MOST_MEMBERS), (_items_in(value), MOST_ITEMS)):
        if sum(1 for _ in islice(found, most + 1)) > most:
            detail = f"a form shows at most {most} values: submit this spec as JSON"
            raise ProblemError("bad-request", detail, [Fault("", detail)])


def _items_in(value: object) -> Iterator[object]:
    """Yield the items of all lists."""
    inner: Iterable[object] = value.values() if isinstance(value, Mapping) else ()
    if isinstance(value, list):
        yield from value
        inner = value
    for one in inner:
        if isinstance(one, list | Mapping):
            yield from _items_in(one)


def _members_in(value: object) -> Iterator[str]:
    """Yield the names of all members of objects: a list of numbers is one field."""
    inner: Iterable[object] = value if isinstance(value, list) else ()
    if isinstance(value, Mapping):
        yield from value
        inner = value.values()
    for one in inner:
        if isinstance(one, list | Mapping):
            yield from _members_in(one)


def _as_section(part: Part) -> Part:
    """Return a section; one that is not the object that it should be is a single field."""
    if isinstance(part, FormField):
        return Fieldset(part.pointer, part.label, [part], is_given=True)
    return part


@cache
def _schema() -> Plain:
    return plain(JobSpec.model_json_schema(), {})


@cache
def anchors() -> frozenset[str]:
    """Return the headings of the document about specs, as far as the server has it."""
    found = guide.page("job-spec")
    return frozenset(anchor for anchor, _ in found.headings) if found else frozenset()


def _offers(value: Mapping[str, Any], datasets: Sequence[FormChoice]) -> Offers:
    names, task = _samplers(), value.get("task")
    kind = str(task.get("kind")) if isinstance(task, Mapping) else ""
    fitting = {info.name for info in networks.fitting(kind)} if kind in TRAINED else None
    return Offers(
        choices={
            "/samplers/*/name": names,
            "/controls/*/sampler": names,
            **({"/task/dataset": datasets} if datasets else {}),
        },
        kinds={"/network": _networks()},
        fits={} if fitting is None else {"/network": fitting},
        sections={"/samplers/*/options": _options},
        only={"/controls/*": CONTROL_FIELDS},
        named=_named(),
    )


@cache
def _named() -> frozenset[str]:
    """Return what templates name: the first settings to look at, in the order of the schemas."""
    return frozenset(at for example in EXAMPLES for at in _patterns_in(example.spec, ""))


def _patterns_in(value: object, at: str) -> Iterator[str]:
    inner: Iterable[tuple[str, object]] = ()
    if isinstance(value, Mapping):
        inner = value.items()
    elif isinstance(value, list):
        inner = (("*", one) for one in value)
    for name, one in inner:
        yield f"{at}/{name}"
        yield from _patterns_in(one, f"{at}/{name}")


@cache
def _samplers() -> Sequence[FormChoice]:
    return [
        FormChoice(
            info.name,
            f'"{info.name}"',
            f"{info.name}: {info.title}",
            "" if info.is_installed else "not installed here",
        )
        for info in registry.catalogue()
    ]


@cache
def _networks() -> Mapping[str, Schema]:
    found = {}
    for info in networks.own():
        section = info.section.model_json_schema()
        kind = info.name + (":" if info.takes else "")
        section["properties"]["kind"] = {"const": kind, "type": "string"}
        found[kind] = section
    return found


def _options(held: Mapping[str, Any]) -> Schema | None:
    """Return the schema of a sampler's options; None of an unknown one."""
    with suppress(UnknownSamplerError, PluginError):
        return _schema_of(str(held.get("name", "")))
    return None


@cache
def _schema_of(name: str) -> Schema:
    from service import samplers  # loads entry points: only where a sampler is named

    return option_faults.schema_of(samplers.describe(name).section)
