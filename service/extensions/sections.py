"""Sections of a spec whose settings a plug-in package defines."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from densearch.names import quoted
from densearch.plugins.sections import KIND_PATTERN, OwnSection
from service.extensions import entry_points
from service.extensions.entry_points import Group, Plugin, PluginError, unusable

SectionT = TypeVar("SectionT", bound=OwnSection)


def plugin_of(group: Group, kind: str, built_in: Sequence[str]) -> Plugin:
    """Return the plug-in that a section's kind names.

    Args:
        group: Of entry points.
        kind: "name" or "name:argument".
        built_in: The kinds that need no plug-in.

    Raises:
        PluginError: There is none, it cannot be used, or the kind names nothing behind its colon
            where it should, or something where it should not.
    """
    name, _, argument = kind.partition(":")
    own = [own for own in entry_points.names(group) if own not in built_in]
    if name not in own:
        choice = f"choose {', '.join([*built_in, *own])}, or install the package that brings it"
        raise PluginError(f"unknown kind {quoted(kind)}: {choice}")
    plugin = entry_points.load(group, name)
    takes = getattr(plugin.value, "takes", None)
    if takes is None and ":" in kind:
        raise PluginError(f"{name} stands alone: leave {quoted(':' + argument)} out")
    if takes is not None and not argument:
        raise PluginError(f'say which {name}: "{name}:{takes}"')
    if not re.fullmatch(KIND_PATTERN, kind):
        raise PluginError("behind the colon stand letters, digits and _ . / - alone, at most 128")
    return plugin


def section_of(plugin: Plugin, base: type[SectionT]) -> type[SectionT]:
    """Return the class of a plug-in's settings.

    Raises:
        PluginError: It does not inherit `base`.
    """
    section = plugin.value.section
    if not (isinstance(section, type) and issubclass(section, base)):
        needed = f"its section does not inherit densearch.plugins.{base.__name__}"
        raise unusable(plugin, needed)
    return section


def at_defaults(plugin: Plugin, section: type[SectionT]) -> SectionT:
    """Return a plug-in's settings where a user gives none.

    Raises:
        PluginError: A field has no default, or one that is not allowed.
    """
    try:
        return _valid(plugin, section, {"kind": plugin.name})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        at = ".".join(map(str, first["loc"]))
        reason = f"its settings have no valid defaults: {at}: {first['msg']}"
        raise PluginError(f"{plugin.name!r} of {plugin.package}: {reason}") from error


def validated(
    value: object,
    base: type[SectionT],
    find: Callable[[str], Plugin],
    examine: Callable[[SectionT], object],
) -> SectionT:
    """Hold a section to its plug-in's settings, once it is known which plug-in that is.

    Args:
        value: As it was sent.
        base: What the plug-in's section inherits.
        find: From a kind to its plug-in; raises PluginError.
        examine: Looks at the settings once they are valid; raises PluginError.

    Raises:
        ValidationError: With the place of each field that is wrong.
    """
    if isinstance(value, base):
        return value
    kind = _kind_of(value)
    try:
        plugin = find(kind)
        valid = _valid(plugin, section_of(plugin, base), value)
        examine(valid)
    except PluginError as error:
        raise _at_kind(str(error), kind) from error
    return valid


def _valid(plugin: Plugin, section: type[SectionT], value: object) -> SectionT:
    """Validate settings; what a validator raises other than faults is the plug-in's failure."""
    try:
        return section.model_validate(value)
    except ValidationError:
        raise
    except entry_points.FAILURES as error:
        raise entry_points.failed(plugin, "reading its settings", error) from error


def open_schema(title: str, description: str, built_in: Sequence[str]) -> dict[str, Any]:
    """Return the JSON schema of a section whose settings are known once its kind is."""
    kind = {"type": "string", "pattern": KIND_PATTERN, "not": {"enum": list(built_in)}}
    return {
        "title": title,
        "description": description,
        "type": "object",
        "properties": {"kind": kind},
        "required": ["kind"],
        "additionalProperties": True,
    }


def _kind_of(value: object) -> str:
    """Return `kind`; raise ValidationError for a value that is no object with a kind."""
    kind = value.get("kind") if isinstance(value, Mapping) else None
    return kind if isinstance(kind, str) else OwnSection.model_validate(value).kind


def _at_kind(reason: str, kind: str) -> ValidationError:
    detail = PydanticCustomError("plugin", "{reason}", {"reason": reason})
    line = InitErrorDetails(type=detail, loc=("kind",), input=kind)
    return ValidationError.from_exception_data("section", [line])
