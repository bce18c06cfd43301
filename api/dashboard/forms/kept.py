"""What was typed into fields that another kind does not have: a form without scripts keeps it."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping

from api.bodies import decode_json
from api.dashboard.forms.sent import MOST_FIELDS, MOST_PARTS, tags_unset
from api.problems.handlers import ProblemError

_IN_ROW = re.compile(r"(.*)/\d+/")


def kept_of(text: str) -> dict[str, str]:
    """Return the texts that a form carries, by JSON pointer; none where it was not made here."""
    try:
        found = decode_json(text.encode())
    except ProblemError:
        return {}
    if not isinstance(found, dict) or len(found) > MOST_FIELDS:
        return {}
    return {at: typed for at, typed in found.items() if _is_field(at, typed)}


def _is_field(at: str, typed: object) -> bool:
    return at.startswith("/") and at.count("/") <= MOST_PARTS and isinstance(typed, str)


def carried(kept: Mapping[str, str], fields: Collection[str]) -> str:
    """Return as a form carries it what has no field; "" for nothing."""
    left = {at: text for at, text in kept.items() if at not in fields}
    return json.dumps(left, ensure_ascii=False) if left else ""


def fitting(kept: Mapping[str, str], sent: Mapping[str, str]) -> dict[str, str]:
    """Return what of the kept texts may be shown again, next to what was sent.

    Args:
        kept: Texts of fields, whether the form has them or not.
        sent: What the form sent; rows that it does not have do not come back, nor do members of
            objects whose kind is not set.
    """
    rows = {row for at in sent if (row := _row_of(at)) and sent[at]}
    unset = tags_unset(sent)
    return {
        at: text
        for at, text in kept.items()
        if at not in sent and (_row_of(at) or "") in {"", *rows} and not at.startswith(unset)
    }


def _row_of(at: str) -> str:
    found = _IN_ROW.match(at)
    return found.group(0) if found else ""
