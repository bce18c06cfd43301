"""What a form knows beyond a JSON schema: names that are registered, kinds of packages."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from api.dashboard.forms.fields import FormChoice
from api.dashboard.forms.schemas import Schema


@dataclass(frozen=True, slots=True)
class Offers:
    """What a form knows beyond the schema, by patterns: pointers with * in place of indices.

    Attributes:
        choices: Values that are proposed for a text.
        kinds: Further kinds of an object, with the schema of each.
        sections: Returns the schema of an open object from the object that holds it; None where
            it stays open.
        fits: Of an object's kinds those that fit the rest of the value.
        named: What is named in a template, and what holds it: shown before other members.
        only: Members of an object that mean something for some values of its name alone.
    """

    choices: Mapping[str, Sequence[FormChoice]] = field(default_factory=dict)
    kinds: Mapping[str, Mapping[str, Schema]] = field(default_factory=dict)
    sections: Mapping[str, Callable[[Mapping[str, Any]], Schema | None]] = field(
        default_factory=dict
    )
    fits: Mapping[str, Collection[str]] = field(default_factory=dict)
    only: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    named: Collection[str] = frozenset()

    def group_of(self, kind: str, pattern: str) -> str:
        """Return the heading under which a kind is offered."""
        if kind in self.kinds.get(pattern, ()):
            return "of packages"
        if pattern not in self.fits:
            return ""
        return "that fit" if kind in self.fits[pattern] else "that do not fit the task"
