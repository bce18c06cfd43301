"""Tables, arrays and well-known sets as people have them."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

from service.errors import InvalidDatasetError
from tests.support.datasets import making
from tests.support.datasets.field import field
from tests.support.datasets.importing import Import


def test_the_official_test_split_stays(imported: Import) -> None:
    found, _ = imported(field("h06"))
    assert found.manifest["counts"] == {"train": 78, "validation": 26, "test": 52}
    assert found.manifest["classes"] == [str(number) for number in range(1, 27)]


def test_two_sets_in_one_archive_are_refused(imported: Import) -> None:
    files = {
        f"emnist-{name}-{key}": content
        for name in ("letters", "digits")
        for key, content in making.mnist_files().items()
    }
    with pytest.raises(InvalidDatasetError, match="of another set than"):
        imported(making.zipped(files))
    twice = {f"{folder}/{n}": f for folder in "ab" for n, f in making.mnist_files().items()}
    with pytest.raises(InvalidDatasetError, match="of another set than"):
        imported(making.zipped(twice))


def test_the_test_batch_is_test_in_any_case(imported: Import) -> None:
    files = {
        name.replace("test_batch", "Test_batch"): content
        for name, content in making.cifar10_files().items()
    }
    assert imported(making.zipped(files))[0].manifest["counts"]["test"] == 30


@pytest.mark.parametrize("dtype", [np.int64, np.float32, bool, "U1"])
def test_labels_of_every_shape_and_type_are_classes(imported: Import, dtype: type) -> None:
    inputs = making.pixels(1, (20, 8, 8))
    plain = np.arange(20) % 2
    expected = imported(making.npz(x=inputs, y=plain))[0].sha256
    labels: np.ndarray[Any, Any]
    for labels in (plain.astype(dtype), plain.astype(dtype)[:, None]):
        assert imported(making.npz(x=inputs, y=labels))[0].sha256 == expected


def test_one_hot_labels_are_classes_and_it_is_said(imported: Import) -> None:
    found, _ = imported(field("h10"))
    assert (found.manifest["kind"], len(found.manifest["classes"])) == ("labelled", 3)
    assert any("one-hot" in warning for warning in found.warnings)
    several = np.array([[1, 0, 1], [0, 1, 0]] * 10)
    found, _ = imported(making.npz(x=making.pixels(1, (20, 8, 8)), y=several))
    assert found.manifest["kind"] == "multilabel"


def table(head: str, rows: list[str], delimiter: str, end: str, before: str = "") -> str:
    lines = [before] * bool(before) + [line.replace(",", delimiter) for line in [head, *rows]]
    return end.join(lines) + end


@pytest.mark.parametrize(
    ("delimiter", "end", "encoding", "before", "name"),
    [
        (";", "\r\n", "utf-8", "", "labels.csv"),
        ("\t", "\n", "utf-16", "", "labels.csv"),
        (";", "\n", "utf-8-sig", "sep=;", "Labels.csv"),
        (",", "\r", "utf-8", "", "LABELS.CSV"),
        (",", "\n,,,\n", "utf-8", "", "labels.csv"),
    ],
)
def test_tables_are_read_as_every_spreadsheet_writes_them(
    imported: Import, delimiter: str, end: str, encoding: str, before: str, name: str
) -> None:
    images = {f"img/{i}.png": making.image(i) for i in range(12)}
    rows = [f"img/{i}.png,{i % 2},{int(i > 4)}" for i in range(12)]
    plain = table("name,a,b", rows, ",", "\n").encode()
    expected = imported(making.zipped(images | {"labels.csv": plain}))[0].sha256
    odd = [f"./img/{i}.png,{bool(i % 2)},{float(i > 4)}" for i in range(12)]
    written = table("Name,a,b", odd, delimiter, end, before).encode(encoding)
    assert imported(making.zipped(images | {name: written}))[0].sha256 == expected


def test_tables_of_the_field(imported: Import) -> None:
    expected, _ = imported(field("h09_labels_reference"))
    assert imported(field("h09_labels_semicolon"))[0].sha256 == expected.sha256
    found, _ = imported(field("h14"))
    assert found.manifest["n_samples"] == 24


def test_a_fault_has_the_tables_own_line(imported: Import) -> None:
    images = {f"{i}.png": making.image(i) for i in range(12)}
    rows = [f"{i}.png;1" for i in range(12)]
    rows[7] = "7.png;maybe"
    text = "sep=;\n\n" + "\n;\n".join(["name;a", *rows])
    with pytest.raises(
        InvalidDatasetError, match=f"line {text[: text.index('maybe')].count(chr(10)) + 1} "
    ):
        imported(making.zipped(images | {"labels.csv": text.encode()}))


@pytest.mark.parametrize("shape", [(20, 8, 9, 10, 3), (20, 128, 9), (20, 8, 9, 3)])
def test_channels_last_are_refused(imported: Import, shape: tuple[int, ...]) -> None:
    n_dims = len(shape) - 2
    with pytest.raises(InvalidDatasetError, match="channels come first"):
        imported(making.npz(x=making.pixels(1, shape), y=np.arange(20) % 2), n_dims=n_dims)


@pytest.mark.parametrize("colour", [(), (3,)])
@pytest.mark.parametrize(
    ("inputs", "labels"), [("{}_images", "{}_labels"), ("x_{}", "y_{}")], ids=["medmnist", "keras"]
)
def test_the_arrays_of_well_known_sets_are_taken(
    imported: Import, inputs: str, labels: str, colour: tuple[int, ...]
) -> None:
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    for seed, (split, n) in enumerate({"train": 12, "val": 8, "test": 6}.items()):
        arrays[inputs.format(split)] = making.pixels(seed, (n, 10, 10, *colour))
        arrays[labels.format(split)] = (np.arange(n) % 2)[:, None]
    found, stored = imported(making.npz(**arrays))
    assert found.manifest["counts"] == {"train": 12, "validation": 8, "test": 6}
    first = np.atleast_3d(arrays[inputs.format("train")][0])
    np.testing.assert_array_equal(stored.inputs[0], np.moveaxis(first, -1, 0))


def test_an_npz_packed_by_hand_with_a_note_is_one(imported: Import) -> None:
    arrays: dict[str, np.ndarray[Any, Any]] = {
        "inputs": making.pixels(1, (20, 8, 8)),
        "labels": np.arange(20) % 2,
    }
    files = {}
    for name, array in arrays.items():
        buffer = io.BytesIO()
        np.save(buffer, array)
        files[f"set/{name}.npy"] = buffer.getvalue()
    found, _ = imported(making.zipped(files | {"README.md": b"words"}))
    assert found.sha256 == imported(making.npz(**arrays))[0].sha256
    with pytest.raises(InvalidDatasetError, match="archive in an archive"):
        imported(making.zipped({"set.npz": making.npz(**arrays), "README": b"words"}))
