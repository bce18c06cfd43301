"""Tar archives that are damaged, or made to do harm, and the limits of all archives."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from typing import Any

import pytest

from service.errors import InvalidDatasetError
from tests.support.datasets import bad, making
from tests.support.datasets.importing import Case, Import, Refuses

CASES: dict[str, Case] = {
    "tar with a link": (lambda: bad.tar_with(tarfile.SYMTYPE), "cat/x.png", "link"),
    "tar with a hard link": (lambda: bad.tar_with(tarfile.LNKTYPE), "cat/x.png", "link"),
    "tar with a device": (lambda: bad.tar_with(tarfile.CHRTYPE), "cat/x.png", "device"),
    "tar with a path upwards": (
        lambda: making.tarred({"../x.png": making.image(1)}),
        "../x.png",
        "relative",
    ),
    "tar with a header that fills memory": (
        lambda: bad.tar_with_extra(tarfile.GNUTYPE_LONGNAME, 2**20),
        "././@LongLink",
        "1,048,576",
    ),
    "tar with attributes that fill memory": (
        lambda: bad.tar_with_extra(tarfile.XHDTYPE, 2**20),
        "././@LongLink",
        "1,048,576 bytes",
    ),
    "tar with a broken header in the middle": (bad.broken_tar, "", "bad checksum"),
    "tar that ends before its end": (
        lambda: bad.tar_of(bad.GOOD)[: 5 * 1024],
        "",
        "send all of it",
    ),
    "tar cut off": (lambda: making.tarred(making.cifar10_files())[:-4000], "", "damaged"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_harmful_tar_is_refused(refuses: Refuses, case: str) -> None:
    refuses(*CASES[case])


@pytest.mark.parametrize("pack", [making.zipped, making.tarred])
def test_too_many_files_are_refused_with_the_setting(
    pack: Callable[[Any], bytes], imported: Import
) -> None:
    content = pack(making.class_files(5))
    with pytest.raises(InvalidDatasetError, match=r"more than 9 files: raise .*_DATASET_FILES"):
        imported(content, n_files=9)
    imported(content, n_files=10)


@pytest.mark.parametrize("pack", [making.zipped, making.tarred])
def test_too_many_bytes_are_refused_with_the_setting(
    pack: Callable[[Any], bytes], imported: Import
) -> None:
    files = {f"{name}/{i}.bmp": making.image(i, form="BMP") for name in "ab" for i in range(9)}
    with pytest.raises(InvalidDatasetError, match="1,600 bytes: raise DENSEARCH_MAX_DATASET_B"):
        imported(pack(files), max_bytes=100)
