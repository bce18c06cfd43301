"""The options of a sampler for its users: their JSON schema, and what is wrong with values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from densearch.plugins.options import SamplerOptions

Schema = dict[str, Any]


def schema_of(section: type[SamplerOptions]) -> Schema:
    """Return the JSON schema of a sampler's options.

    It has no titles and no nulls: an option without a value is left out (`SamplerOptions`).
    """
    whole = section.model_json_schema()
    properties = {name: _plain(found) for name, found in whole.get("properties", {}).items()}
    schema: Schema = {"type": "object", "additionalProperties": False, "properties": properties}
    return schema | {name: whole[name] for name in ("required", "$defs") if name in whole}


def _plain(found: Schema) -> Schema:
    schema = {name: value for name, value in found.items() if name not in ("anyOf", "title")}
    options = [one for one in found.get("anyOf", ()) if one != {"type": "null"}]
    if len(options) == 1:
        schema |= options[0]
    elif options:
        schema["anyOf"] = options
    if schema.get("default", ...) is None:
        del schema["default"]
    if "const" in schema:
        schema["enum"] = [schema.pop("const")]
    return schema


def faults_of(
    sampler: str, section: type[SamplerOptions], given: Mapping[str, object]
) -> Iterator[tuple[str | None, str]]:
    """Yield (option, what is wrong) for options that are unknown or have a bad value.

    One fault is yielded for each option, in the order of `given`. The option is None where the
    fault belongs to several together.
    """
    try:
        section.model_validate(dict(given))
    except ValidationError as error:
        found = _first_of_each(error)
    else:
        return
    properties = schema_of(section)["properties"]
    for name in [*(one for one in given if one in found), *(found.keys() - given.keys())]:
        detail = found[name]
        if name in properties:
            yield name, _in_words(detail, properties[name])
        elif detail["type"] == "extra_forbidden":
            known = ", ".join(properties) or "none"
            yield name, f"{sampler} has no such option; it has {known}"
        else:
            yield name, detail["msg"]


def _first_of_each(error: ValidationError) -> dict[str | None, ErrorDetails]:
    found: dict[str | None, ErrorDetails] = {}
    for detail in error.errors(include_url=False):
        found.setdefault(str(detail["loc"][0]) if detail["loc"] else None, detail)
    return found


def _in_words(found: ErrorDetails, schema: Schema) -> str:
    """Say what a value must be, by its schema; in pydantic's words where that does not say."""
    value, place = found["input"], found["loc"][1:]
    if found["type"] == "too_long" and not place:
        return f"must have at most {found['ctx']['max_length']} values"
    if not place:
        return _demand(schema, value) or found["msg"]
    if len(place) == 1 and isinstance(place[0], int):
        return f"value {place[0]}: {_demand(schema.get('items', {}), value) or found['msg']}"
    return f"{'.'.join(map(str, place))}: {found['msg']}"


def _demand(schema: Schema, value: object) -> str | None:
    if "enum" in schema:
        return f"must be {' or '.join(map(str, schema['enum']))}"
    kind = schema.get("type")
    if kind == "boolean":
        return "must be true or false"
    if kind == "array":
        return _demand_of_list(schema, value)
    return _demand_of_number(schema, value) if kind in ("integer", "number") else None


def _demand_of_list(schema: Schema, value: object) -> str | None:
    if schema["items"].get("type") != "number" or (isinstance(value, list) and value):
        return None
    return "must be a list of numbers"


def _demand_of_number(schema: Schema, value: object) -> str | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if schema["type"] == "integer" and not (is_number and isinstance(value, int)):
        return "must be an integer"
    if not is_number:
        return "must be a number"
    if "minimum" in schema and "maximum" in schema:
        return f"must be from {schema['minimum']:g} to {schema['maximum']:g}"
    return None
