"""JSON schemas as pydantic writes them: references, nulls, kinds, short forms."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from service.digest import digest_of

Schema: TypeAlias = Mapping[str, Any]
# Members by whose constant the kinds of an object are distinguished.
TAGS = ("kind", "rule")


@dataclass(frozen=True, slots=True)
class Plain:
    """A schema without references and nulls.

    Attributes:
        schema: With description and default of what referred to it.
        is_nullable: Whether null is valid.
        definitions: By which references in it are looked up.
    """

    schema: Schema
    is_nullable: bool
    definitions: Mapping[str, Schema]

    def of(self, schema: Schema) -> Plain:
        """Return a part of it in the same way."""
        return plain(schema, self.definitions)


def plain(schema: Schema, definitions: Mapping[str, Schema]) -> Plain:
    """Resolve a schema's reference and take its null away."""
    definitions = {**definitions, **schema.get("$defs", {})}
    is_nullable = False
    while True:
        if "$ref" in schema:
            target = definitions[schema["$ref"].rpartition("/")[2]]
            schema = {**target, **{key: schema[key] for key in schema if key != "$ref"}}
        elif isinstance(options := schema.get("anyOf"), Sequence):
            left = [one for one in options if one != {"type": "null"}]
            is_nullable = is_nullable or len(left) < len(options)
            if len(left) != 1:
                return Plain({**schema, "anyOf": left}, is_nullable, definitions)
            own = {key: schema[key] for key in schema if key != "anyOf"}
            schema = {**left[0], **own}
        else:
            return Plain(schema, is_nullable, definitions)


def options_of(found: Plain) -> Sequence[Plain]:
    """Return the alternatives of a schema, those of alternatives among them; none if it is one."""
    return list(_options(found))


def _options(found: Plain) -> Iterator[Plain]:
    for key in ("oneOf", "anyOf"):
        for one in found.schema.get(key, ()):
            inner = found.of(one)
            nested = list(_options(inner))
            yield from nested or [inner]


def tag_of(options: Sequence[Plain]) -> str | None:
    """Return the member by which the kinds of an object are distinguished; None without kinds."""
    if not options or any(one.schema.get("type") != "object" for one in options):
        return None
    for tag in TAGS:
        if all(tag in one.schema.get("properties", {}) for one in options):
            return tag
    return None


def constant_of(option: Plain, tag: str) -> str | None:
    """Return the value of a kind's tag; None of a kind that stands for all others."""
    value = option.schema["properties"][tag].get("const")
    return str(value) if value is not None else None


def short_form(options: Sequence[Plain]) -> Plain | None:
    """Return the object that a text may stand for by its name; None where there is none."""
    objects = [one for one in options if one.schema.get("type") == "object"]
    texts = [one for one in options if one.schema.get("type") == "string"]
    is_named = len(objects) == 1 and "name" in objects[0].schema.get("properties", {})
    return objects[0] if is_named and len(objects) + len(texts) == len(options) else None


def meanings(kinds: Mapping[str, Plain]) -> str:
    """Return as JSON, by kind, a mark for each member: equal marks are members of one meaning."""
    return json.dumps(
        {
            kind: {
                name: digest_of(dict(schema))[:8]
                for name, schema in one.schema.get("properties", {}).items()
            }
            for kind, one in kinds.items()
        }
    )
