"""Imports into a folder of the test's own, without a database, and sets stored in one."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from service.datasets import library
from service.datasets.importing import Imported, import_upload
from service.datasets.options import ImportOptions
from service.datasets.sources.entries import Limits
from service.datasets.store.reader import StoredDataset, open_folder
from service.datasets.store.workspace import workspace
from service.records import Dataset
from service.settings import Settings
from service.storage.database import Database
from tests.support.datasets import making

CONTENT = making.zipped(making.class_files(5))
Import = Callable[..., tuple[Imported, StoredDataset]]


@contextmanager
def limited(n_bytes: int) -> Iterator[None]:
    """Let no file grow beyond so many bytes: the system says so as of a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def imported(tmp_path: Path) -> Import:
    """Import the bytes of a file; options as in the request."""

    def run(
        content: bytes,
        max_bytes: int = 10**8,
        n_files: int = 1000,
        most_in_a_file: int = resource.RLIM_INFINITY,
        **options: Any,
    ) -> tuple[Imported, StoredDataset]:
        with workspace(tmp_path) as work:
            work.upload.write_bytes(content)
            with limited(most_in_a_file):
                found = import_upload(
                    work, ImportOptions(name="x", **options), Limits(max_bytes, n_files)
                )
            kept = tmp_path / "datasets" / found.sha256
            if not kept.exists():
                work.made.rename(kept)
        return found, open_folder(kept)

    return run


def add(
    database: Database,
    settings: Settings,
    content: bytes = CONTENT,
    name: str = "pets",
    **options: Any,
) -> Dataset:
    """Store an upload, as the server does."""
    with library.working(database, settings) as work:
        work.upload.write_bytes(content)
        return library.add_upload(database, settings, work, ImportOptions(name=name, **options))
