"""What is written is what is read again, and what was damaged is refused by its file's name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from service.datasets.store.array_files import DamagedDatasetError
from service.datasets.store.reader import SPLITS, Samples, open_folder, open_stored
from tests.support.datasets import sources


def test_samples_of_any_size_come_back_as_they_were(tmp_path: Path) -> None:
    arrays = sources.images()
    written = sources.written(sources.labelled(arrays), tmp_path / "datasets" / "x")
    (tmp_path / "datasets" / "x").rename(tmp_path / "datasets" / written.sha256)
    found = open_stored(tmp_path, written.sha256)
    for index, values in enumerate(arrays):
        np.testing.assert_array_equal(found.sample(index), values)
    assert found.labels is not None
    assert found.labels.tolist() == [0, 1] * 5
    rows = [found.rows(split) for split in ("train", "validation", "test")]
    assert sorted(np.concatenate(rows).tolist()) == list(range(10))
    assert [len(r) for r in rows] == [6, 2, 2]
    assert found.manifest["size_px"] == 2
    with pytest.raises(ValueError, match="no target"):
        found.target(0)


def test_values_are_mapped_not_loaded(tmp_path: Path) -> None:
    sources.written(sources.labelled(sources.images()), tmp_path / "a")
    inputs = open_folder(tmp_path / "a").inputs
    assert isinstance(inputs, Samples)
    assert isinstance(inputs.values, np.memmap)


def test_pairs_keep_their_targets(tmp_path: Path) -> None:
    inputs, targets = sources.images(), sources.images(n_channels=1, seed=1)
    written = sources.written(sources.pairs(inputs, targets), tmp_path / "a")
    found = open_folder(tmp_path / "a")
    assert written.manifest["target_channels"] == 1
    for index, target in enumerate(targets):
        np.testing.assert_array_equal(found.target(index), target)


GROUPS = ["a", "a", "b", None, "b", "c", "c", None, "d", "d"]


def test_groups_come_back_with_their_numbers_by_split(tmp_path: Path) -> None:
    written = sources.written(sources.labelled(sources.images(), GROUPS), tmp_path / "a")
    found = open_folder(tmp_path / "a")
    assert found.groups is not None
    assert found.groups.tolist() == [0, 0, 1, 2, 1, 3, 3, 4, 5, 5]
    assert found.manifest["version"] == 3
    counts = {split: len(set(found.groups[found.rows(split)])) for split in SPLITS}
    assert written.manifest["group_counts"] == counts
    assert sum(counts.values()) == 6


def test_a_set_of_a_version_that_kept_no_groups_has_none(tmp_path: Path) -> None:
    sources.written(sources.labelled(sources.images()), tmp_path / "a")
    found = open_folder(tmp_path / "a")
    assert found.manifest["version"] == 1
    assert "group_counts" not in found.manifest
    assert found.groups is None


@pytest.mark.parametrize("values", [np.zeros(9, np.int32), np.zeros(10, np.int64), None])
def test_groups_that_do_not_fit_are_damage(tmp_path: Path, values: NDArray[Any] | None) -> None:
    sources.written(sources.labelled(sources.images(), GROUPS), tmp_path / "a")
    path = tmp_path / "a" / "groups.npy"
    path.unlink()
    if values is not None:
        np.save(path, values)
    with pytest.raises(DamagedDatasetError, match=r"groups\.npy"):
        open_folder(tmp_path / "a")


def _cut(folder: Path) -> str:
    content = (folder / "inputs.npy").read_bytes()
    (folder / "inputs.npy").write_bytes(content[:-1])
    return "inputs.npy"


def _foreign_label(folder: Path) -> str:
    np.save(folder / "labels.npy", np.full(10, 2))
    return "labels.npy"


def _pickled(folder: Path) -> str:
    np.save(folder / "splits.npy", np.array([object()] * 10), allow_pickle=True)
    return "splits.npy"


def _missing(folder: Path) -> str:
    (folder / "shapes.npy").unlink()
    return "shapes.npy"


def _fewer_values(folder: Path) -> str:
    np.save(folder / "inputs.npy", np.zeros(5, dtype=np.uint8))
    return "inputs.npy"


def _other_version(folder: Path) -> str:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"version": 2}))
    return "manifest.json"


def _no_object(folder: Path) -> str:
    (folder / "manifest.json").write_text("[]")
    return "manifest.json"


def _lacking(folder: Path) -> str:
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["dtype"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return "manifest.json"


@pytest.mark.parametrize(
    "damage",
    [
        _no_object,
        _lacking,
        _cut,
        _foreign_label,
        _pickled,
        _missing,
        _fewer_values,
        _other_version,
    ],
)
def test_a_damaged_set_is_refused_by_its_file(
    tmp_path: Path, damage: Callable[[Path], str]
) -> None:
    sources.written(sources.labelled(sources.images()), tmp_path / "a")
    name = damage(tmp_path / "a")
    with pytest.raises(DamagedDatasetError, match=name.replace(".", r"\.")):
        open_folder(tmp_path / "a")


def test_a_set_that_is_not_there_says_what_may_be_wrong(tmp_path: Path) -> None:
    with pytest.raises(DamagedDatasetError, match="shared"):
        open_stored(tmp_path, "0" * 64)
