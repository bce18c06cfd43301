"""Single values of a form: which control edits a value of a schema, and what it shows."""

from __future__ import annotations

import json
from collections.abc import Sequence

from api.dashboard.forms.fields import Control, FormChoice, FormField
from api.dashboard.forms.schemas import Plain, Schema, options_of
from api.dashboard.forms.words import (
    first_paragraph,
    label_of,
    limits_of,
    shown_value,
    split_unit,
)


def choices_in(found: Plain) -> Sequence[FormChoice]:
    """Return the values that a schema lists; none where it lists none."""
    if found.schema.get("type") == "boolean":
        return (FormChoice("true", "true", "yes"), FormChoice("false", "false", "no"))
    return [as_choice(value) for value in found.schema.get("enum", ())]


def field_of(
    found: Plain, choices: Sequence[FormChoice], value: object, pointer: str
) -> FormField:
    """Return the field of a single value.

    Args:
        found: Its schema.
        choices: What it may be; none where that is open.
        value: What the JSON has there; None where it is left out.
        pointer: Of the value.
    """
    schema, options = found.schema, options_of(found)
    control, bounds = _control_of(schema, options)
    control = "choice" if choices else control
    if control == "mixed":
        choices = [as_choice(one.schema["const"]) for one in options if "const" in one.schema]
    if control == "choice" and not _is_among(value, choices):
        choices = [*choices, as_choice(value)]
    name = pointer.rpartition("/")[2]
    return FormField(
        pointer,
        label_of(name, schema.get("title", "")),
        control,
        value=shown_value(value, control),
        placeholder=shown_value(schema.get("default"), control),
        help=first_paragraph(schema.get("description", "")),
        limits=limits_of(bounds),
        unit=split_unit(name)[1],
        least=bounds.get("minimum"),
        most=bounds.get("maximum"),
        is_whole=schema.get("type") == "integer",
        longest=schema.get("maxLength"),
        choices=choices,
    )


def as_choice(value: object) -> FormChoice:
    """Return a JSON value as one of several."""
    text = value if isinstance(value, str) else json.dumps(value)
    return FormChoice(text, json.dumps(value, ensure_ascii=False), text)


def _is_among(value: object, choices: Sequence[FormChoice]) -> bool:
    text = shown_value(value, "choice")
    return not text or any(choice.value == text for choice in choices)


def _control_of(schema: Schema, options: Sequence[Plain]) -> tuple[Control, Schema]:
    """Return how a value is edited, and the schema that has its range."""
    kinds = {one.schema.get("type") for one in options}
    if options:
        if kinds <= {"integer", "number"}:
            return "number", {}
        is_mixed = kinds <= {"integer", "number", "string"}
        bounds = next((o.schema for o in options if o.schema.get("type") != "string"), schema)
        return ("mixed", bounds) if is_mixed else ("json", {})
    if schema.get("type") in ("integer", "number"):
        return "number", schema
    return ("text" if schema.get("type") == "string" else "json"), {}
