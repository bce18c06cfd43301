"""The losses of a job's test items as one file: what a paper would publish."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from typing import IO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from service.errors import NotFoundError
from service.item_losses import ItemLosses
from service.storage import item_losses, jobs
from service.storage.item_losses import JudgedTraining


def write_npz(session: Session, job_id: int, file: IO[bytes]) -> None:
    """Write the losses of a job's final trainings as a NumPy archive that loads without pickle.

    Arrays: `losses/ARM` of each arm, (seeds, items), float32, NaN where a training gave none;
    `seeds`, (seeds,), the indices of the seeds; `groups`, (items,), the source of each item. One
    training is in memory at a time.

    Args:
        session: For reading.
        job_id: The job.
        file: Written from its beginning.

    Raises:
        NotFoundError: There is no such job, or none of its trainings has losses of items.
    """
    jobs.get(session, job_id)
    found = item_losses.judged(session, job_id)
    first = item_losses.get(session, found[0].digest) if found else None
    if first is None:
        raise NotFoundError("file of losses of items of job", job_id)
    seeds = sorted({one.seed for one in found})
    groups = np.arange(first.n_items, dtype=np.int32) if first.groups is None else first.groups
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        _write(archive, "seeds", np.array(seeds, dtype=np.int64))
        _write(archive, "groups", groups)
        for arm in dict.fromkeys(one.arm for one in found):
            own = {one.seed: one for one in found if one.arm == arm}
            _write_arm(session, archive, arm, [own.get(seed) for seed in seeds], first.n_items)


def _write(archive: zipfile.ZipFile, name: str, values: NDArray[np.generic]) -> None:
    with archive.open(f"{name}.npy", "w") as member:
        npy.write_array(member, values, allow_pickle=False)


def _write_arm(
    session: Session,
    archive: zipfile.ZipFile,
    arm: str,
    trainings: Sequence[JudgedTraining | None],
    n_items: int,
) -> None:
    shape = (len(trainings), n_items)
    header = {"descr": "<f4", "fortran_order": False, "shape": shape}
    with archive.open(f"losses/{arm}.npy", "w", force_zip64=True) as member:
        npy.write_array_header_1_0(member, header)
        for one in trainings:
            items = None if one is None else item_losses.get(session, one.digest)
            member.write(_row(items, n_items).astype("<f4").tobytes())


def _row(items: ItemLosses | None, n_items: int) -> NDArray[np.float32]:
    if items is None or items.losses is None or items.n_items != n_items:
        return np.full(n_items, np.nan, dtype=np.float32)
    return items.losses
