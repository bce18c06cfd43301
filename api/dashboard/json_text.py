"""JSON for people: a value that fits on a line is not broken."""

from __future__ import annotations

import json

WIDTH = 78
INDENT = "  "


def json_text(value: object, width: int = WIDTH) -> str:
    """Write a JSON value, broken into lines at the outermost level and where it is too long."""
    return _written(value, width, depth=0)


def _written(value: object, width: int, depth: int, n_before: int = 0) -> str:
    """Write a value after `n_before` characters of its line."""
    line = json.dumps(value, ensure_ascii=False)
    is_simple = not isinstance(value, dict | list) or not value
    if is_simple or (depth > 0 and n_before + len(line) <= width):
        return line
    inner = INDENT * (depth + 1)
    if isinstance(value, dict):
        heads = [f"{inner}{json.dumps(name, ensure_ascii=False)}: " for name in value]
        items = zip(heads, value.values(), strict=True)
        ends = "{}"
    else:
        assert isinstance(value, list)  # noqa: S101 - narrows the type
        items = zip([inner] * len(value), value, strict=True)
        ends = "[]"
    parts = [head + _written(item, width, depth + 1, len(head)) for head, item in items]
    return f"{ends[0]}\n" + ",\n".join(parts) + f"\n{INDENT * depth}{ends[1]}"
