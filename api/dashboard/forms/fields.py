"""A form as plain records: what a template shows, and what a sent form is read by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias
from urllib.parse import quote

# A box that is ticked sends the JSON in `FormField.value`; "mixed" is a number or a word.
Control: TypeAlias = Literal["text", "number", "mixed", "choice", "json", "box"]


def html_id(pointer: str) -> str:
    """Return the HTML id of what has a JSON pointer; an id has no blanks."""
    return "at" + quote(pointer, safe="/~")


@dataclass(frozen=True, slots=True)
class FormChoice:
    """One of several values.

    Attributes:
        value: As a form sends it.
        token: As JSON.
        title: What a page calls it.
        group: Heading of those that stand together.
    """

    value: str
    token: str
    title: str
    group: str = ""


@dataclass(frozen=True, slots=True)
class FormField:
    """A value that one control edits.

    Attributes:
        pointer: Its JSON pointer, which is the control's name too.
        label: What a page calls it.
        control: How it is edited.
        value: As the control shows it; "" where the value is left out.
        placeholder: The default.
        help: What it means.
        limits: Its range in words.
        unit: Of its values.
        least: Of a number; None where there is none, or where it is excluded.
        most: Likewise.
        is_whole: Whether a number is whole.
        longest: Most characters of a text.
        choices: Of a choice, and what is proposed for mixed values.
        is_required: Whether it may not be left out.
        is_switch: Whether other fields depend on it.
        is_on: Of a box.
        members: Of a switch, as JSON: by each of its values what the other members mean then.
        is_known: Whether a schema has it.
        faults: What is wrong with it.
    """

    pointer: str
    label: str
    control: Control
    value: str = ""
    placeholder: str = ""
    help: str = ""
    limits: str = ""
    unit: str = ""
    least: float | None = None
    most: float | None = None
    is_whole: bool = False
    longest: int | None = None
    choices: Sequence[FormChoice] = ()
    is_required: bool = False
    is_switch: bool = False
    is_on: bool = False
    members: str = ""
    is_known: bool = True
    faults: Sequence[str] = ()

    @property
    def id(self) -> str:
        """Its HTML id."""
        return html_id(self.pointer)

    @property
    def name(self) -> str:
        """Its key in the JSON."""
        return self.pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")

    @property
    def described_by(self) -> str:
        """HTML ids of what explains it."""
        found = [f"hint-{self.id}"] if self.help or self.limits else []
        return " ".join([*found, *(f"fault-{self.id}-{i}" for i in range(len(self.faults)))])

    @property
    def groups(self) -> Sequence[tuple[str, Sequence[FormChoice]]]:
        """Its choices by the heading that they stand under."""
        names = dict.fromkeys(choice.group for choice in self.choices)
        return [(name, [c for c in self.choices if c.group == name]) for name in names]


@dataclass(frozen=True, slots=True)
class Fieldset:
    """An object of the JSON: its members.

    Attributes:
        pointer: Of the object.
        label: What a page calls it.
        parts: What is shown at once.
        more: What is shown when one asks for more.
        help: What the object means.
        faults: What is wrong with the object as a whole.
        is_given: Whether it has a value.
    """

    pointer: str
    label: str
    parts: Sequence[Part]
    more: Sequence[Part] = ()
    help: str = ""
    faults: Sequence[str] = ()
    is_given: bool = False

    @property
    def id(self) -> str:
        """Its HTML id."""
        return html_id(self.pointer)

    @property
    def is_open(self) -> bool:
        """Whether a page shows it at once: it has a value, or something is wrong in it."""
        return self.is_given or has_faults(self)

    @property
    def is_more_open(self) -> bool:
        """Whether the page shows `more` at once: something is wrong in it."""
        return any(has_faults(part) for part in self.more)

    @property
    def n_more_given(self) -> int:
        """Number of the values in `more` that are not left out."""
        return _n_given(self.more)

    @property
    def n_given(self) -> int:
        """Number of the values in it that are not left out."""
        return _n_given([self])


@dataclass(frozen=True, slots=True)
class RowList:
    """A list of objects: a row for each.

    Attributes:
        pointer: Of the list.
        label: What a page calls it.
        rows: Its items.
        blank: One more, for browsers without scripts.
        added: The item that is added, as JSON.
        empty: The box that makes it an empty list where it has no rows.
        help: What it means.
        faults: What is wrong with the list.
    """

    pointer: str
    label: str
    rows: Sequence[Fieldset]
    blank: Fieldset | None
    added: str
    empty: FormField
    help: str = ""
    faults: Sequence[str] = ()

    @property
    def id(self) -> str:
        """Its HTML id."""
        return html_id(self.pointer)

    @property
    def is_open(self) -> bool:
        """Whether a page shows it at once."""
        return bool(self.rows) or self.empty.is_on or has_faults(self)

    @property
    def n_given(self) -> int:
        """Number of rows."""
        return len(self.rows)


Part: TypeAlias = FormField | Fieldset | RowList


def has_faults(part: Part) -> bool:
    """Whether something is wrong with a part of a form, or in it."""
    inner: Sequence[Part] = ()
    if isinstance(part, Fieldset):
        inner = (*part.parts, *part.more)
    elif isinstance(part, RowList):
        inner = part.rows
    return bool(part.faults) or any(has_faults(one) for one in inner)


def _n_given(parts: Sequence[Part]) -> int:
    found = (one for part in parts for one in fields_in(part))
    return sum(bool(one.value) and one.control != "box" for one in found)


def fields_in(part: Part) -> Iterator[FormField]:
    """Yield the fields of a part of a form, in their order."""
    if isinstance(part, FormField):
        yield part
    elif isinstance(part, Fieldset):
        for one in (*part.parts, *part.more):
            yield from fields_in(one)
    else:
        for row in (*part.rows, *([part.blank] if part.blank else [])):
            yield from fields_in(row)
        yield part.empty
