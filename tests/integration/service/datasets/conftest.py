"""Imports into a folder of the test's own, without a database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service.datasets.importing import Imported, import_upload
from service.datasets.options import ImportOptions
from service.datasets.stored import StoredDataset, open_folder
from service.datasets.workspace import workspace

Import = Callable[..., tuple[Imported, StoredDataset]]


@pytest.fixture
def imported(tmp_path: Path) -> Import:
    """Import the bytes of a file; options as in the request."""

    def run(
        content: bytes, max_bytes: int = 10**8, **options: Any
    ) -> tuple[Imported, StoredDataset]:
        with workspace(tmp_path) as work:
            work.upload.write_bytes(content)
            found = import_upload(work, ImportOptions(name="x", **options), max_bytes)
            kept = tmp_path / "datasets" / found.sha256
            if not kept.exists():
                work.made.rename(kept)
        return found, open_folder(kept)

    return run
