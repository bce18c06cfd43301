"""Small pictures of test items: from the sheets of samples, or from the stored data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from api.dashboard.pages.sheet_pictures import SheetRow, png_address
from service.datasets.store.reader import folder_of, open_stored
from service.errors import DensearchError
from service.records import Job

# Sets of pictures that are kept; each has those of one page.
MOST_KEPT = 32


def pictures_of(
    job: Job, n_items: int, numbers: Sequence[int], rows: Sequence[SheetRow], data_dir: Path
) -> dict[int, str]:
    """Return pictures of test items as addresses that hold them, by the place of the item.

    Args:
        job: Whose items they are.
        n_items: How many there are. Those of a stored set whose test split has another number of
            samples are no samples of it, and have no picture.
        numbers: Which items, by their place in the test split.
        rows: Of the job's sheets of samples: what was given there comes first.
        data_dir: Where stored sets lie.
    """
    found = {row.number: row.pictures[0].address for row in rows if row.number in numbers}
    sha256 = _digest_of(job)
    missing = tuple(number for number in numbers if number not in found)
    if sha256 is None or not missing:
        return found
    try:
        return {**found, **_stored(data_dir, sha256, n_items, missing)}
    except (DensearchError, OSError, ValueError):
        return found  # the set was deleted, or is not on this machine


def has_set(job: Job, data_dir: Path) -> bool:
    """Whether the stored set of a job is on this machine: then its items may have pictures."""
    sha256 = _digest_of(job)
    try:
        return sha256 is not None and folder_of(data_dir, sha256).is_dir()
    except OSError:
        return False


def _digest_of(job: Job) -> str | None:
    found: str | None = ((job.spec.get("task") or {}).get("data") or {}).get("sha256")
    return found


@lru_cache(maxsize=MOST_KEPT)
def _stored(
    data_dir: Path, sha256: str, n_items: int, numbers: tuple[int, ...]
) -> Mapping[int, str]:
    """Draw samples of a stored set, which its digest names: its content never changes.

    Raises:
        UnseenDatasetError: It is not there.
        DamagedDatasetError: A file is not what its manifest says.
    """
    from service.datasets.preview import cell  # where a page shows pictures

    stored = open_stored(data_dir, sha256)
    test = stored.rows("test")
    if len(test) != n_items:
        return {}
    return {number: png_address(cell(stored.sample(int(test[number])))) for number in numbers}
