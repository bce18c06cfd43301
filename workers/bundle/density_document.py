"""The densities of an arm as `density.json` and as arrays."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

FORMAT, VERSION = "densearch-density", 1
NAME = "density.json"
ARRAYS = ("phi", "alpha", "beta", "gamma")


def document_of(arm: str, densities: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the document (docs/bundle.md has its schema).

    Args:
        arm: Whose densities they are.
        densities: One for the whole network, or one for each group of layers.
    """
    named = [{**own, "arrays": _paths(own)} for own in densities]
    return {"format": FORMAT, "version": VERSION, "arm": arm, "densities": named}


def files_of(arm: str, densities: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, bytes]]:
    """Yield the document and the arrays by their paths."""
    yield NAME, to_json(document_of(arm, densities))
    for own in densities:
        for name, path in _paths(own).items():
            file = io.BytesIO()
            np.save(file, np.asarray(own[name], dtype=np.float64), allow_pickle=False)
            yield path, file.getvalue()


def to_json(value: object) -> bytes:
    """Return JSON with sorted keys, the same bytes for the same value."""
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def _paths(density: Mapping[str, Any]) -> dict[str, str]:
    safe = "".join(c if c.isalnum() and c.isascii() else "-" for c in density["layer"])
    begin = f"arrays/{density['place']}-{safe}-" if safe else "arrays/"
    return {name: f"{begin}{name}.npy" for name in ARRAYS if density.get(name) is not None}
