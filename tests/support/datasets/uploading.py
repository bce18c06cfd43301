"""Shared by tests: data sets that are uploaded, and what the data directory has of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from service.settings import Settings
from tests.support.datasets import making

CONTENT = making.zipped(making.class_files(5))


def add(
    client: TestClient, content: bytes = CONTENT, *, prefer: str | None = None, **options: Any
) -> Any:  # noqa: ANN401
    """Upload a set and return the response; `prefer` is the header, the options the query."""
    params = {"name": "pets"} | options
    headers = {"prefer": prefer} if prefer else {}
    return client.post("/v1/datasets", params=params, content=content, headers=headers)


def folders(settings: Settings) -> list[Path]:
    """Return the folders of the stored sets."""
    base = settings.data_dir / "datasets"
    return [p for p in base.iterdir() if p.is_dir()] if base.exists() else []
