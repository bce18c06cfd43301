"""One generator for all forms: a JSON schema and a value become fields, fieldsets and rows.

No field is named here. What no control fits, such as a list of ranges, is a field of JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from api.dashboard.forms.controls import as_choice, choices_in, field_of
from api.dashboard.forms.fields import Fieldset, FormChoice, FormField, Part, RowList
from api.dashboard.forms.offers import Offers
from api.dashboard.forms.schemas import (
    Plain,
    Schema,
    constant_of,
    meanings,
    options_of,
    plain,
    short_form,
    tag_of,
)
from api.dashboard.forms.words import (
    first_paragraph,
    label_of,
    shown_value,
)
from densearch.plugins.sections import WRITTEN_BY_SERVER
from service.validation.json_pointers import escape

_INDEX = re.compile(r"/\d+(?=/|$)")
MOST_ROWS = 100
# Fewer members are shown at once: a heading to open would take their space.
LEAST_MORE = 2
_NONE: Mapping[str, Any] = MappingProxyType({})


@dataclass
class FormBuilder:
    """Makes the parts of one form.

    Attributes:
        offers: What is known beyond the schema.
        typed: Texts as they were typed, by pointer, in place of the values.
        shows_unknown: Whether members that the schema does not know are shown.
    """

    offers: Offers = field(default_factory=Offers)
    typed: Mapping[str, str] = field(default_factory=dict)
    shows_unknown: bool = True

    def part(
        self, found: Plain, value: object, pointer: str, *, is_required: bool = False
    ) -> Part:
        """Return the part of a form for a value.

        Args:
            found: The value's schema.
            value: What the JSON has there; None where it is left out.
            pointer: Of the value.
            is_required: Whether it may not be left out.
        """
        schema, options = found.schema, options_of(found)
        if tag := tag_of(options):
            return self._kinds(found, options, tag, value, pointer)
        if schema.get("type") == "object" and self._is_object(schema, value, pointer):
            return self._object(found, value, pointer, is_required=is_required)
        if schema.get("type") == "array" and isinstance(value or [], list):
            row = self._row_schema(found)
            if row is not None and not _is_overfull(schema, value):
                return self._rows(found, row, value, pointer)
        return self._field(found, value, pointer, is_required=is_required)

    def members(self, found: Plain, value: Mapping[str, Any], pointer: str) -> Iterator[Part]:
        """Yield the parts of an object's members, those that the schema does not know at last."""
        properties = found.schema.get("properties", {})
        required = found.schema.get("required", ())
        only = self.offers.only.get(_pattern(pointer), _NONE)
        for name, schema in properties.items():
            inner, held = found.of(schema), value.get(name)
            if held is None and self._is_silent(inner, only.get(name), value):
                continue
            yield self.part(inner, held, _below(pointer, name), is_required=name in required)
        for name in value:
            if self.shows_unknown and name not in properties:
                yield self._unknown(value[name], _below(pointer, name))

    def _is_silent(
        self, found: Plain, names: Sequence[str] | None, held: Mapping[str, Any]
    ) -> bool:
        """Whether a member that has no value is not shown."""
        if found.schema.get(WRITTEN_BY_SERVER) or "const" in found.schema:
            return True
        return names is not None and held.get("name") not in names

    def _is_object(self, schema: Schema, value: object, pointer: str) -> bool:
        has_members = "properties" in schema or _pattern(pointer) in self.offers.sections
        return has_members and isinstance(value or {}, dict)

    def _object(self, found: Plain, value: object, pointer: str, *, is_required: bool) -> Fieldset:
        held = value if isinstance(value, dict) else {}
        is_given = value is not None or is_required
        box = FormField(pointer, "Use it", "box", value="{}", is_on=value is not None)
        first = [box] if _means_by_itself(found) else []
        parts = [*first, *self.members(found, held, pointer)]
        return self._fieldset(found, pointer, parts, is_given=is_given)

    def _fieldset(
        self, found: Plain, pointer: str, parts: Sequence[Part], *, is_given: bool
    ) -> Fieldset:
        more = [part for part in parts if not self._is_essential(part)]
        first = [part for part in parts if self._is_essential(part)]
        is_parted = bool(first) and len(more) >= LEAST_MORE
        return Fieldset(
            pointer,
            label_of(pointer.rpartition("/")[2]),
            first if is_parted else parts,
            more if is_parted else (),
            help=first_paragraph(found.schema.get("description", "")),
            is_given=is_given,
        )

    def _is_essential(self, part: Part) -> bool:
        """Whether a member is shown before others: it may not be left out, or a template names it.

        Nor is what other members depend on, or what no schema knows, ever put away.
        """
        if _pattern(part.pointer) in self.offers.named:
            return True
        if not isinstance(part, FormField):
            return False
        is_first = part.is_required or part.is_switch or part.control == "box"
        return is_first or not part.is_known

    def _kinds(
        self, found: Plain, options: Sequence[Plain], tag: str, value: object, pointer: str
    ) -> Part:
        """Return a fieldset whose first field says which kind it is."""
        if not isinstance(value or {}, dict):
            return self._unknown(value, pointer)
        held: Mapping[str, Any] = value if isinstance(value, dict) else {}
        kinds = {name: one for one in options if (name := constant_of(one, tag)) is not None}
        more = self.offers.kinds.get(_pattern(pointer), _NONE)
        kinds.update({name: plain(schema, found.definitions) for name, schema in more.items()})
        # Pydantic's default where the tag may be left out: of the first kind.
        unset = next((n for n, one in kinds.items() if _default_of(one, tag) == n), "")
        kind = str(held.get(tag, unset if held else ""))
        chosen = kinds.get(kind)
        choices = [
            FormChoice(n, json.dumps(n), n, self.offers.group_of(n, _pattern(pointer)))
            for n in kinds
        ]
        if kind and chosen is None:
            choices.append(as_choice(held.get(tag)))
        switch = FormField(
            _below(pointer, tag),
            label_of(tag),
            "choice",
            value=kind,
            placeholder="not set" if found.is_nullable else "",
            help=first_paragraph(chosen.schema.get("description", "")) if chosen else "",
            choices=choices,
            is_required=not found.is_nullable,
            is_switch=True,
            members=meanings(kinds),
        )
        inner = chosen or replace(found, schema={})
        parts = [
            part for part in self.members(inner, held, pointer) if part.pointer != switch.pointer
        ]
        is_given = bool(held) or not found.is_nullable
        return self._fieldset(found, pointer, [switch, *parts], is_given=is_given)

    def _row_schema(self, found: Plain) -> Plain | None:
        items = found.of(found.schema.get("items", {}))
        return short_form(options_of(items))

    def _rows(self, found: Plain, row: Plain, value: object, pointer: str) -> RowList:
        items = value if isinstance(value, list) else []
        rows = [self._row(row, item, f"{pointer}/{i}") for i, item in enumerate(items)]
        used = [item.get("name") if isinstance(item, dict) else item for item in items]
        names = self._choices_of(row.of(row.schema["properties"]["name"]), f"{pointer}/0/name")
        added = next((one for one in names if one.value not in used), FormChoice("", '""', ""))
        is_full = len(items) >= found.schema.get("maxItems", len(items) + 1)
        return RowList(
            pointer,
            label_of(pointer.rpartition("/")[2]),
            rows,
            None if is_full else self._row(row, None, f"{pointer}/{len(items)}"),
            "" if is_full else added.token,
            FormField(pointer, "An empty list", "box", value="[]", is_on=value == []),
            help=first_paragraph(found.schema.get("description", "")),
        )

    def _row(self, row: Plain, item: object, pointer: str) -> Fieldset:
        held = {"name": item} if isinstance(item, str) else item
        if held is not None and not isinstance(held, dict):
            return self._fieldset(row, pointer, [self._unknown(item, pointer)], is_given=True)
        value: Mapping[str, Any] = held or {}
        parts = [
            self._naming(part, row)
            if isinstance(part, FormField) and part.pointer == f"{pointer}/name"
            else part
            for part in self.members(self._with_options(row, value, pointer), value, pointer)
        ]
        label = str(value.get("label") or value.get("name", "one more"))
        return replace(self._fieldset(row, pointer, parts, is_given=item is not None), label=label)

    def _naming(self, part: FormField, row: Plain) -> FormField:
        """Return the field of a row's name: other members depend on it."""
        names = [choice.value for choice in part.choices]
        only = self.offers.only.get(_pattern(part.pointer.rpartition("/")[0]), _NONE)
        kinds = {}
        for name in names:
            of = self._with_options(row, {"name": name}, part.pointer.rpartition("/")[0])
            own = of.schema["properties"].items()
            shown = {key: one for key, one in own if name in only.get(key, (name,))}
            kinds[name] = replace(of, schema={"properties": shown})
        return replace(part, is_switch=True, members=meanings(kinds))

    def _with_options(self, row: Plain, held: Mapping[str, Any], pointer: str) -> Plain:
        """Return a row's schema with those of its open objects that its name decides."""
        properties = dict(row.schema.get("properties", {}))
        definitions = dict(row.definitions)
        for name, schema in row.schema.get("properties", {}).items():
            of = self.offers.sections.get(_pattern(_below(pointer, name)))
            found = of(held) if of is not None else None
            if found is not None:
                properties[name] = {**found, "description": schema.get("description", "")}
        return Plain({**row.schema, "properties": properties}, row.is_nullable, definitions)

    def _choices_of(self, found: Plain, pointer: str) -> Sequence[FormChoice]:
        offered = self.offers.choices.get(_pattern(pointer))
        return choices_in(found) if offered is None else offered

    def _field(self, found: Plain, value: object, pointer: str, *, is_required: bool) -> FormField:
        made = field_of(found, self._choices_of(found, pointer), value, pointer)
        return replace(
            made,
            value=self.typed.get(pointer, made.value),
            is_required=is_required,
        )

    def _unknown(self, value: object, pointer: str) -> FormField:
        """Return the field of a value that the schema does not know."""
        name = pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
        return FormField(
            pointer,
            name[:80],
            "json",
            value=self.typed.get(pointer, shown_value(value, "json") or "null"),
            is_known=False,
        )


def _pattern(pointer: str) -> str:
    return _INDEX.sub("/*", pointer)


def _below(pointer: str, name: str) -> str:
    return f"{pointer}/{escape(name)}"


def _is_overfull(schema: Schema, value: object) -> bool:
    """Whether a list has more rows than it may: they stay JSON, each would cost a millisecond."""
    most = schema.get("maxItems", MOST_ROWS)
    return isinstance(value, list) and len(value) > min(most, MOST_ROWS)


def _default_of(option: Plain, tag: str) -> object:
    return option.schema.get("properties", {}).get(tag, {}).get("default")


def _means_by_itself(found: Plain) -> bool:
    """Whether an empty object differs from none: all that it holds may be left out."""
    if not found.is_nullable or found.schema.get("required"):
        return False
    members = found.schema.get("properties", {}).values()
    return all(one.get("default") is None and "$ref" not in one for one in members)
