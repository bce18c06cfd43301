"""Import an upload or a folder: recognise its format, check it, write the set and its preview."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from densearch.answers import LeftOutAnswer
from service.datasets import summary
from service.datasets.faults import Faults
from service.datasets.formats.registry import Format, recognised
from service.datasets.left_out import left_out
from service.datasets.options import ImportOptions
from service.datasets.preview import write_preview
from service.datasets.progress import ImportProgress, Stage
from service.datasets.samples import Source, closed
from service.datasets.sources.archives import GZIP_MAGIC, is_tar, open_tar
from service.datasets.sources.entries import Limits, Listing, SourceEntry
from service.datasets.sources.folders import allowed_folder, folder_entries
from service.datasets.sources.zips import open_zip
from service.datasets.store.encoded import ENCODED
from service.datasets.store.reader import open_folder
from service.datasets.store.workspace import Workspace
from service.datasets.writer import VaryingSizeError, Written, write
from service.errors import InvalidDatasetError, StorageFullError

ZIP_MAGIC = b"PK"
# Formats whose images are trained on whole: they need one size.
_WITH_ANSWERS = frozenset({"classes", "labels"})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True, slots=True)
class Imported:
    """A set that was written into a workspace.

    Attributes:
        sha256: Its name on disk.
        format: The one that it was read in.
        manifest: As in `manifest.json`.
        class_counts: Samples of each class by split; None without labels.
        least_px: The smallest side of each split's smallest sample.
        warnings: What the user should look at, a sentence each.
        left_out: What is not in it, and why.
        n_bytes: Size of all its files.
    """

    sha256: str
    format: str
    manifest: dict[str, Any]
    class_counts: dict[str, list[int]] | None
    least_px: dict[str, int]
    warnings: list[str]
    left_out: list[LeftOutAnswer]
    n_bytes: int


@contextmanager
def full_disks() -> Iterator[None]:
    """Raise our error where the system reports a full disk.

    Raises:
        StorageFullError: There was no room.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageFullError from error
        raise


def import_upload(
    work: Workspace, options: ImportOptions, limits: Limits, progress: ImportProgress | None = None
) -> Imported:
    """Import the uploaded file.

    Args:
        work: Its `upload` is the file; the set is written to `made`.
        options: How to read it.
        limits: Limits of the set.
        progress: Counts what is done.

    Raises:
        InvalidDatasetError: It is refused.
        StorageFullError: There is no room for it.
    """
    progress = progress or ImportProgress()
    progress.enter(Stage.UNPACKING)
    with full_disks(), _unpacked(work, limits, options, progress) as found:
        return _imported(found, work, options, limits, progress)


def import_folder(
    work: Workspace,
    folder: str,
    roots: Sequence[Path],
    options: ImportOptions,
    limits: Limits,
    progress: ImportProgress | None = None,
) -> Imported:
    """Read a folder below one of the roots; else as `import_upload`."""
    progress = progress or ImportProgress()
    progress.enter(Stage.UNPACKING)
    with full_disks():
        found, root = allowed_folder(folder, roots)
        listing = folder_entries(found, root, limits, options.encoding)
        return _imported(listing, work, options, limits, progress)


def _written(
    found: Format,
    entries: Sequence[SourceEntry],
    work: Workspace,
    options: ImportOptions,
    limits: Limits,
    faults: Faults,
    progress: ImportProgress,
) -> tuple[Source, Written]:
    """Write a set in the format that was recognised.

    Raises:
        VaryingSizeError: Images that are trained on whole differ in size, and the options do not
            say how they are stored.
    """
    source = found.read(entries, options, faults)
    if options.storage == ENCODED and not source.is_encoded:
        raise InvalidDatasetError(
            "storage", f"data of the format {found.name} are stored as values: leave it out"
        )
    is_uniform = found.name in _WITH_ANSWERS and options.storage == "auto"
    plan = options.split_plan
    progress.enter(Stage.READING, source.n_samples)
    with closed(source.samples), _faults_first(faults, options):
        return source, write(
            source, work.made, plan, limits, faults, progress=progress, is_uniform=is_uniform
        )


@contextmanager
def _faults_first(faults: Faults, options: ImportOptions) -> Iterator[None]:
    """Refuse the faults of single files before what the rest lacks, which may follow from them."""
    try:
        yield
    except InvalidDatasetError as error:
        if not options.skip_bad and faults.n:
            if error.entry:
                faults.add(error)
            faults.refuse()
        raise


def _written_encoded(
    found: Format,
    entries: Sequence[SourceEntry],
    work: Workspace,
    options: ImportOptions,
    limits: Limits,
    faults: Faults,
    progress: ImportProgress,
) -> tuple[Source, Written]:
    """Start over, and store the images as the files that came."""
    for path in work.made.iterdir():
        path.unlink()
    encoded = options.model_copy(update={"storage": ENCODED})
    return _written(found, entries, work, encoded, limits, faults, progress)


@contextmanager
def _unpacked(
    work: Workspace, limits: Limits, options: ImportOptions, progress: ImportProgress
) -> Iterator[Listing]:
    with work.upload.open("rb") as file:
        head = file.read(512)
    if not head:
        raise InvalidDatasetError("", "it is empty: no bytes came")
    if head.startswith(ZIP_MAGIC):
        with open_zip(work.upload, limits, options.encoding) as listing:
            yield listing
    elif head.startswith(GZIP_MAGIC) or is_tar(head):
        progress.enter(Stage.UNPACKING, work.upload.stat().st_size)
        with open_tar(work.upload, work.scratch, limits, options.encoding, progress) as listing:
            yield listing
    else:
        raise InvalidDatasetError(
            "",
            "it is no .zip, .npz, .tar or .tar.gz file: pack it as one of these and send the "
            "file itself, not a form that contains it",
        )


def _imported(
    listing: Listing,
    work: Workspace,
    options: ImportOptions,
    limits: Limits,
    progress: ImportProgress,
) -> Imported:
    entries = listing.entries
    faults = listing.faults.copy()
    if not entries:
        faults.refuse()
    found = recognised(entries, options.format)
    try:
        source, written = _written(found, entries, work, options, limits, faults, progress)
    except VaryingSizeError:
        faults = listing.faults.copy()
        source, written = _written_encoded(found, entries, work, options, limits, faults, progress)
    if not options.skip_bad:
        faults.refuse()
    progress.enter(Stage.STORING)
    # Opened as workers will open it, before anything is kept.
    opened = open_folder(work.made)
    write_preview(opened, work.made)
    return Imported(
        sha256=written.sha256,
        format=found.name,
        manifest=written.manifest,
        class_counts=summary.class_counts(written),
        least_px=opened.least_px(),
        warnings=summary.warnings(source, written, listing.clutter.n, faults),
        left_out=left_out(listing.clutter, source.left_out, faults),
        n_bytes=sum(path.stat().st_size for path in work.made.iterdir()),
    )
