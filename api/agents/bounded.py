"""JSON of a bounded size: lists, objects and texts are cut, and what was cut is said."""

from __future__ import annotations

import json
from typing import Any

MOST_CHARS = 24_000
MOST_CUTS_SAID = 20
# Members of a list or an object, and characters of a text, from generous to terse.
_STEPS = ((200, 4_000), (60, 1_500), (25, 600), (10, 300), (4, 150), (2, 80), (1, 40))
CUT = "_cut"
ADVICE = "ask for less at a time, or for the single item"


def text_of(document: object, most: int = MOST_CHARS) -> str:
    """Return a document as JSON of at most `most` characters.

    Where something is missing, the outermost object has a member `_cut`: where, how many of how
    many are there. A document that is no object is wrapped into one then.
    """
    whole = json.dumps(document, ensure_ascii=False, default=str)
    if len(whole) <= most:
        return whole
    for n_members, n_chars in _STEPS:
        cuts: list[dict[str, Any]] = []
        found = _cut(document, n_members, n_chars, "", cuts)
        outer = found if isinstance(found, dict) else {"value": found}
        said = {"advice": ADVICE, "places": cuts[:MOST_CUTS_SAID], "n_places": len(cuts)}
        text = json.dumps({CUT: said, **outer}, ensure_ascii=False, default=str)
        if len(text) <= most:
            return text
    advice = {CUT: {"advice": ADVICE, "n_chars": len(whole)}, "beginning": whole[: most // 8]}
    return json.dumps(advice, ensure_ascii=False)


def _cut(value: Any, n: int, n_chars: int, where: str, cuts: list[dict[str, Any]]) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, str) and len(value) > n_chars:
        cuts.append({"at": where, "characters_shown": n_chars, "of": len(value)})
        return value[:n_chars] + "…"
    if isinstance(value, dict):
        kept = list(value.items())[: 2 * n + 10]
        if len(kept) < len(value):
            cuts.append({"at": where, "members_shown": len(kept), "of": len(value)})
        return {k: _cut(v, n, n_chars, f"{where}/{k}"[:200], cuts) for k, v in kept}
    if isinstance(value, (list, tuple)):
        if len(value) > n:
            cuts.append({"at": where, "items_shown": n, "of": len(value)})
        return [_cut(v, n, n_chars, f"{where}/{i}"[:200], cuts) for i, v in enumerate(value[:n])]
    return value
