"""Add and delete stored data sets, and clean up after a crash.

A set's row and its folder change together: both under the lock on the table, and a folder moves
by a rename. One that is moved in before its row is committed is marked until then; one that is to
be deleted is renamed first. So the name of what a crash leaves says what to do with it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from service.datasets import import_log
from service.datasets.importing import Imported, full_disks, import_folder, import_upload
from service.datasets.options import ImportOptions
from service.datasets.progress import ImportProgress
from service.datasets.sources.entries import Limits
from service.datasets.store import workspace
from service.datasets.store.reader import FOLDER, folder_of, is_whole
from service.datasets.store.workspace import Workspace
from service.durability import sync_files, sync_names
from service.errors import DatasetInUseError, ImportStoppedError
from service.records import Dataset
from service.settings import Settings
from service.storage import datasets, imports
from service.storage.database import Database
from service.storage.outages import patiently

_PENDING, _ASIDE = ".pending", ".deleted-"


@contextmanager
def working(database: Database, settings: Settings) -> Iterator[Workspace]:
    """Give an import its folder, after removing what crashes have left.

    Raises:
        StorageFullError: There is no room for it.
    """
    with full_disks():
        sweep(database, settings.data_dir)
        with workspace.workspace(settings.data_dir) as work:
            yield work


def add(
    database: Database,
    settings: Settings,
    work: Workspace,
    options: ImportOptions,
    *,
    folder: str | None = None,
    progress: ImportProgress | None = None,
    import_id: int | None = None,
) -> Dataset:
    """Store the set in a workspace's upload, or in a folder below the roots of the settings.

    Args:
        database: Takes the set's row.
        settings: Give the data directory, the roots and the limits.
        work: The workspace; what is stored is moved out of it.
        options: How to read the set.
        folder: It is read in place of the upload.
        progress: Counts what is done.
        import_id: The import that ends with the set, in one transaction.

    Raises:
        InvalidDatasetError: It is refused; nothing of it is kept.
        StorageFullError: There is no room for it.
        ImportStoppedError: The import was deleted meanwhile; nothing is kept.
    """
    limits = _limits(settings)
    if folder is None:
        imported = import_upload(work, options, limits, progress)
    else:
        roots = settings.dataset_roots or ()
        imported = import_folder(work, folder, roots, options, limits, progress)

    def keep() -> Dataset:
        return _keep(database, settings.data_dir, work, imported, options.name, import_id)

    with full_disks():
        # Once the files have moved, what a lost commit has done is settled by `_moving`.
        return patiently(keep, "a data set that was read", may_repeat=work.made.is_dir)


def _limits(settings: Settings) -> Limits:
    return Limits(
        upload_bytes=settings.max_dataset_bytes,
        n_files=settings.max_dataset_files,
        n_samples=settings.max_dataset_samples,
        n_pixels=settings.max_image_pixels,
    )


def _keep(
    database: Database,
    data_dir: Path,
    work: Workspace,
    imported: Imported,
    name: str,
    import_id: int | None,
) -> Dataset:
    target = folder_of(data_dir, imported.sha256)
    aside = _aside(target)
    (work.made / _PENDING).touch()
    sync_files(work.made)
    with _moving(database, data_dir) as session:
        # A client that lost its answer sends the same again.
        found = datasets.find(session, imported.sha256, name) or _insert(session, imported, name)
        if import_id is not None and not imports.succeed(session, import_id, found.id):
            raise ImportStoppedError
        if not is_whole(target):
            if target.is_dir():
                target.rename(aside)
            work.made.rename(target)
    (target / _PENDING).unlink(missing_ok=True)
    shutil.rmtree(aside, ignore_errors=True)
    return found


def _aside(place: Path) -> Path:
    """Return a unique name for a folder that is to be removed."""
    return place.with_name(f"{_ASIDE}{place.name}-{uuid4().hex}")


@contextmanager
def _moving(database: Database, data_dir: Path) -> Iterator[Session]:
    """Give the transaction in which folders move; if it fails, they move back.

    It is committed once the disk has the folders under their new names, and ends once the disk has
    the commit: row and files outlive a power cut together.
    """
    try:
        with database.write(is_durable=True) as session:
            datasets.lock(session)
            yield session
            sync_names(data_dir / FOLDER)
    except BaseException:
        # The database says whether it was committed after all.
        with suppress(SQLAlchemyError, OSError):
            sweep(database, data_dir)
        raise


def _insert(session: Session, imported: Imported, name: str) -> Dataset:
    details = {
        "manifest": imported.manifest,
        "class_counts": imported.class_counts,
        "least_px": imported.least_px,
        "warnings": imported.warnings,
        "left_out": imported.left_out,
    }
    return datasets.insert(
        session,
        name=name,
        sha256=imported.sha256,
        kind=imported.manifest["kind"],
        format=imported.format,
        n_samples=imported.manifest["n_samples"],
        n_bytes=imported.n_bytes,
        details=details,
    )


def delete(database: Database, data_dir: Path, dataset_id: int) -> None:
    """Delete a set, and its files where no other set has the same content.

    Raises:
        NotFoundError: There is none.
        DatasetInUseError: A job that has not ended is trained on it.
    """
    with _moving(database, data_dir) as session:
        aside = _moved_aside(session, data_dir, dataset_id)
    shutil.rmtree(aside, ignore_errors=True)


def _moved_aside(session: Session, data_dir: Path, dataset_id: int) -> Path:
    """Delete the row, and rename the folder if no other set needs it; return its new name."""
    found = datasets.take(session, dataset_id)
    users = datasets.users_of(session, dataset_id)
    if users:
        raise DatasetInUseError(dataset_id, users)
    datasets.delete(session, dataset_id)
    place = folder_of(data_dir, found.sha256)
    aside = _aside(place)
    if not datasets.is_kept(session, found.sha256) and place.is_dir():
        place.rename(aside)
    return aside


def sweep(database: Database, data_dir: Path) -> int:
    """Remove what interrupted imports and deletions have left; return the number of folders."""
    base = data_dir / FOLDER
    n_removed = workspace.sweep(data_dir)
    import_log.tidy(database, data_dir)
    if not any(_left(base)):
        return n_removed
    with database.write() as session:
        datasets.lock(session)
        return n_removed + sum(_settled(session, base, place) for place in list(_left(base)))


def _left(base: Path) -> Iterator[Path]:
    """Yield the folders that a rename has moved and no commit has confirmed."""
    yield from base.glob(f"{_ASIDE}*")
    for mark in base.glob(f"*/{_PENDING}"):
        if not mark.parent.name.startswith(_ASIDE):
            yield mark.parent


def _settled(session: Session, base: Path, place: Path) -> bool:
    """Make a folder agree with the database; return whether it was removed."""
    is_aside = place.name.startswith(_ASIDE)
    sha256 = place.name.removeprefix(_ASIDE).partition("-")[0] if is_aside else place.name
    target = base / sha256
    if datasets.is_kept(session, sha256) and (place == target or not target.is_dir()):
        if place != target:
            place.rename(target)
        (target / _PENDING).unlink(missing_ok=True)
        return False
    shutil.rmtree(place, ignore_errors=True)
    return True
