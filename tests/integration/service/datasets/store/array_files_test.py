"""Arrays on disk: written as NumPy writes them, and refused by the name of their file."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from service.datasets.store.array_files import (
    DamagedDatasetError,
    UnseenDatasetError,
    load,
    load_shapes,
    save,
)

WHOLE = np.dtype(np.int64)


@pytest.mark.parametrize(
    "values",
    [
        np.arange(6),
        np.arange(6.0, dtype=np.float32).reshape(2, 3),
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.empty((0, 3), np.uint8),
    ],
)
def test_a_file_is_what_numpy_would_have_written(
    tmp_path: Path, values: np.ndarray[tuple[int, ...], np.dtype[np.generic]]
) -> None:
    expected = io.BytesIO()
    np.save(expected, np.ascontiguousarray(values))
    save(tmp_path, "x", values)
    assert (tmp_path / "x.npy").read_bytes() == expected.getvalue()
    np.testing.assert_array_equal(load(tmp_path, "x", values.dtype), values)


def test_a_mapped_array_stays_on_the_disk(tmp_path: Path) -> None:
    save(tmp_path, "x", np.arange(6))
    assert isinstance(load(tmp_path, "x", WHOLE, is_mapped=True), np.memmap)


def test_another_type_a_cut_file_and_none_are_damage(tmp_path: Path) -> None:
    save(tmp_path, "x", np.arange(6))
    with pytest.raises(DamagedDatasetError, match=r"x\.npy should hold numbers of the type uint8"):
        load(tmp_path, "x", np.dtype(np.uint8))
    (tmp_path / "x.npy").write_bytes((tmp_path / "x.npy").read_bytes()[:-1])
    for name in ("x", "y"):
        with pytest.raises(DamagedDatasetError, match=rf"{name}\.npy .*: store the set again"):
            load(tmp_path, name, WHOLE)


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(DamagedDatasetError, match="allow_pickle"):
        load(tmp_path, "x", np.dtype(object))


@pytest.mark.parametrize("shapes", [[[1, 2]], [1, 2, 3], [[1, 0, 3]], [[1, 2, -3]]])
def test_shapes_have_so_many_sides_above_0(tmp_path: Path, shapes: list[object]) -> None:
    save(tmp_path, "shapes", np.array(shapes))
    with pytest.raises(DamagedDatasetError, match=r"shapes\.npy should hold 3 sides"):
        load_shapes(tmp_path, "shapes", 3)


def test_a_machine_without_the_folder_says_where_it_should_be_mounted(tmp_path: Path) -> None:
    error = UnseenDatasetError(tmp_path, "is not there")
    assert error.folder == tmp_path
    assert str(tmp_path) in str(error)
    assert "mount it there, at the same path, for the same user" in str(error)
