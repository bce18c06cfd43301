"""Runs as JSON files: each says of which version it is, so that no later one misreads it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def save(fields: Mapping[str, Any], version: int, path: Path) -> None:
    """Write the fields of a run."""
    text = json.dumps({"version": version, **fields}, indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def load(version: int, path: Path) -> dict[str, Any]:
    """Read what `save` wrote.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is of another version.
    """
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if found.pop("version", None) != version:
        raise ValueError(f"{path} is of another version: run the protocol again")
    return found
