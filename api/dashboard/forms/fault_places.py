"""Faults find their places in a form that is made already."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from api.dashboard.forms.fields import Fieldset, FormField, Part, RowList, fields_in
from service.errors import Fault

MOST_SHOWN = 20  # at one field

PartT = TypeVar("PartT", FormField, Fieldset, RowList)


def placed(parts: Iterable[Part], faults: Sequence[Fault]) -> tuple[Sequence[Part], list[Fault]]:
    """Return the parts of a form with the faults that belong to them, and the other faults.

    A field shows what is wrong in its value, too; a fieldset or a list only what is wrong with
    the whole.
    """
    parts = list(parts)
    places = _Places(parts, faults)
    shown = [places.shown(part) for part in parts]
    return shown, [one for one in faults if one.pointer in places.left]


class _Places:
    """The faults that have no place yet, by pointer."""

    def __init__(self, parts: Sequence[Part], faults: Sequence[Fault]) -> None:
        self.left: dict[str, list[str]] = {}
        self._below: dict[str, dict[str, None]] = {}  # by all pointers above: those of faults
        for fault in faults:
            self.left.setdefault(fault.pointer, []).append(fault.detail)
            above = fault.pointer
            while above := above.rpartition("/")[0]:
                self._below.setdefault(above, {})[fault.pointer] = None
        self._fields = {
            one.pointer for part in parts for one in fields_in(part) if one.control != "box"
        }

    def shown(self, part: Part) -> Part:
        """Return a part with its faults, which have found their place by that."""
        if isinstance(part, FormField):
            return part if part.control == "box" else self._with(part, self._of_field(part))
        if isinstance(part, RowList):
            own = replace(part, rows=[self._of_fieldset(row) for row in part.rows])
            return self._with(own, self._of_container(part))
        return self._of_fieldset(part)

    def _of_fieldset(self, part: Fieldset) -> Fieldset:
        first = [self.shown(one) for one in part.parts]
        rest = [self.shown(one) for one in part.more]
        own = replace(part, parts=first, more=rest)
        return self._with(own, self._of_container(part))

    def _with(self, part: PartT, faults: Sequence[str]) -> PartT:
        return replace(part, faults=_first_of(faults)) if faults else part

    def _of_container(self, part: Fieldset | RowList) -> Sequence[str]:
        # A value that is no object or list has a field in its place.
        return () if part.pointer in self._fields else self.left.pop(part.pointer, ())

    def _of_field(self, part: FormField) -> Sequence[str]:
        inner = [at for at in self._below.get(part.pointer, ()) if at in self.left]
        return [
            *self.left.pop(part.pointer, ()),
            *(
                f"{at.removeprefix(part.pointer)}: {detail}"
                for at in inner
                for detail in self.left.pop(at)
            ),
        ]


def _first_of(faults: Sequence[str]) -> Sequence[str]:
    more = len(faults) - MOST_SHOWN
    return [*faults[:MOST_SHOWN], f"and {more} more"] if more > 0 else faults
