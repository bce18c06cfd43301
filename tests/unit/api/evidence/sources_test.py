"""Data sets of other packages: packed from where they lie, or missing with what to do."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from api.evidence.sources import FASHION_FILES, MissingDataError, Sources

INSIDE = "aeon/datasets/data/Waves"


def wheel(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr(f"{INSIDE}/Waves_eq_TRAIN.ts", "@data\n1,2:a\n3,4:b\n")
        packed.writestr(f"{INSIDE}/Waves_eq_TEST.ts", "@data\n5,6:a\n")
    return path


@pytest.mark.parametrize("is_folder", [False, True])
def test_signals_come_from_the_wheel_or_its_folder(tmp_path: Path, is_folder: bool) -> None:
    place = wheel(tmp_path / "aeon.whl")
    if is_folder:
        with zipfile.ZipFile(place) as packed:
            packed.extractall(tmp_path / "unpacked")
        place = tmp_path / "unpacked"
    found = Sources(place).packed("aeon:Waves_eq", tmp_path)
    assert found.options == {"n_dims": 1}
    with np.load(found.path) as arrays:
        assert arrays["inputs"].tolist() == [[[1, 2]], [[3, 4]], [[5, 6]]]


def test_fashion_mnist_is_packed_as_it_is(tmp_path: Path) -> None:
    for name in FASHION_FILES:
        (tmp_path / name).write_bytes(name.encode())
    found = Sources(fashion=tmp_path).packed("fashion-mnist", tmp_path)
    with zipfile.ZipFile(found.path) as packed:
        assert sorted(packed.namelist()) == sorted(FASHION_FILES)
        assert packed.read(FASHION_FILES[0]) == FASHION_FILES[0].encode()
    assert found.options["validation"] * 60000 == pytest.approx(2000)


def test_what_is_missing_says_what_to_do(tmp_path: Path) -> None:
    sources = Sources(fashion=tmp_path)
    for name, remedy in (
        ("fashion-mnist", "install Debian's dataset-fashion-mnist"),
        ("aeon:Waves", "name it by --aeon"),
        ("cats", "no data set is called cats"),
    ):
        with pytest.raises(MissingDataError, match=remedy):
            sources.packed(name, tmp_path)


@pytest.mark.parametrize("name", ["aeon:Absent", "aeon:Waves_eq"])
def test_a_wheel_that_cannot_be_read_is_no_traceback(tmp_path: Path, name: str) -> None:
    place = wheel(tmp_path / "aeon.whl")
    if name == "aeon:Waves_eq":
        place.write_bytes(b"no wheel")
    with pytest.raises(MissingDataError, match="give the wheel of aeon"):
        Sources(place).packed(name, tmp_path)
