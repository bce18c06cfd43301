"""Imports into a folder of the test's own, without a database, and sets stored in one."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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
# What is sent, the entry that the refusal names, and part of its reason.
Case = tuple[Callable[[], bytes], str, str]
Refuses = Callable[[Callable[[], bytes], str, str], None]


@contextmanager
def limited(n_bytes: int) -> Iterator[None]:
    """Let no file grow beyond so many bytes: the system answers as for a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def imported_into(
    data_dir: Path,
    content: bytes,
    max_bytes: int = 10**8,
    n_files: int = 1000,
    most_in_a_file: int = resource.RLIM_INFINITY,
    **options: Any,
) -> tuple[Imported, StoredDataset]:
    """Import the bytes of a file; options as in the request."""
    with workspace(data_dir) as work:
        work.upload.write_bytes(content)
        with limited(most_in_a_file):
            found = import_upload(
                work, ImportOptions(name="x", **options), Limits(max_bytes, n_files)
            )
        kept = data_dir / "datasets" / found.sha256
        if not kept.exists():
            work.made.rename(kept)
    return found, open_folder(kept)


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
        return library.add(database, settings, work, ImportOptions(name=name, **options))


def add_folder(
    database: Database, settings: Settings, folder: str, options: ImportOptions
) -> Dataset:
    """Store a folder below the roots of the settings, as the server does."""
    with library.working(database, settings) as work:
        return library.add(database, settings, work, options, folder=folder)
