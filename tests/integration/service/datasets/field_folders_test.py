"""Folders as people lay them out: recognised as a whole, or refused with what was seen."""

from __future__ import annotations

import pytest

from service.errors import InvalidDatasetError
from tests.support.datasets import making
from tests.support.datasets.field import CLASSES, field
from tests.support.datasets.importing import Import


@pytest.mark.parametrize(
    "tops",
    [
        ("train", "test", "sample"),
        ("train2017", "val2017", "annotations2"),
        ("train", "eval"),
        ("train", "holdout"),
        ("train", "test", "unlabeled"),
        ("trainset", "other"),
        ("test", "val"),
        ("train", "training"),
    ],
)
def test_a_folder_next_to_splits_is_refused_with_what_was_seen(
    imported: Import, tops: tuple[str, ...]
) -> None:
    files = {
        f"{top}/{name}": content for top in tops for name, content in making.class_files(4).items()
    }
    with pytest.raises(InvalidDatasetError, match=r"next to|alone|split, and so is"):
        imported(making.zipped(files))


def test_the_folders_of_the_field_are_refused(imported: Import) -> None:
    with pytest.raises(InvalidDatasetError, match="test, train next to sample"):
        imported(field("h03"))


@pytest.mark.parametrize(
    "names",
    [
        ("train2017", "val2017", "test2017"),
        ("trainset", "validset", "testset"),
        ("Training_Images", "Validation_Images", "Test_Images"),
        ("TRAIN", "VAL", "TEST"),
    ],
)
def test_splits_are_recognised_by_whole_words(imported: Import, names: tuple[str, ...]) -> None:
    files = {
        f"{top}/{name}": making.image(100 * place + index)
        for place, top in enumerate(names)
        for index, name in enumerate(making.class_files(4))
    }
    found, _ = imported(making.zipped(files))
    assert found.manifest["classes"] == ["cat", "dog"]
    assert found.manifest["counts"] == {"train": 8, "validation": 8, "test": 8}


def test_splits_below_the_classes_are_splits(imported: Import) -> None:
    files = {
        f"{name.partition('/')[0]}/{split}/{name.partition('/')[2]}": making.image(seed)
        for seed, (split, name) in enumerate(
            (split, name) for split in ("train", "val", "test") for name in making.class_files(4)
        )
    }
    found, _ = imported(making.zipped(files))
    assert found.manifest["classes"] == ["cat", "dog"]
    assert found.manifest["counts"] == {"train": 8, "validation": 8, "test": 8}


def test_a_class_that_is_called_like_a_split_is_warned_of(imported: Import) -> None:
    found, _ = imported(making.zipped(making.class_files(6, ("bus", "car", "train"))))
    assert found.manifest["classes"] == ["bus", "car", "train"]
    assert any("'train', as a split" in warning for warning in found.warnings)


def test_folders_of_equal_names_are_pairs_not_classes(imported: Import) -> None:
    files = {
        f"{top}/{i}.png": making.image(i) for top in ("imgs", "annotations") for i in range(9)
    }
    with pytest.raises(InvalidDatasetError, match="pairs and masks"):
        imported(making.zipped(files))


@pytest.mark.parametrize("note", ["README.txt", "LICENSE", "README.rst", "CITATION.cff"])
def test_a_note_changes_nothing(imported: Import, note: str) -> None:
    files = {f"pets/{name}": content for name, content in CLASSES.items()}
    found, _ = imported(making.zipped(files | {note: b"words"}))
    assert found.sha256 == imported(making.zipped(CLASSES))[0].sha256
    assert any(note in warning for warning in found.warnings)


def test_notes_of_the_field(imported: Import) -> None:
    found, _ = imported(field("h04"))
    assert (found.manifest["classes"], found.manifest["n_samples"]) == (["cat", "dog"], 24)
    found, _ = imported(field("h13"))
    assert (found.manifest["kind"], found.manifest["classes"]) == ("multilabel", ["a", "b"])
    assert found.manifest["n_samples"] == 12


def test_a_flat_folder_names_the_option(imported: Import) -> None:
    content = making.zipped({f"photos/{n}": f for n, f in making.plain_files().items()})
    with pytest.raises(InvalidDatasetError, match="format=images"):
        imported(content)
    assert imported(content, format="images")[0].manifest["kind"] == "unlabelled"


def test_classes_in_each_of_several_folders_are_no_classes_of_the_folders(
    imported: Import,
) -> None:
    files = {f"fold{k}/{name}": f for k in range(3) for name, f in making.class_files(4).items()}
    with pytest.raises(InvalidDatasetError, match="each of fold0, fold1, fold2 holds cat, dog"):
        imported(making.zipped(files))


def test_images_in_other_formats_alone_are_named(imported: Import) -> None:
    files = {f"{name}/{index}.tif": b"II*" for name in ("cat", "dog") for index in range(3)}
    with pytest.raises(InvalidDatasetError, match="convert it to PNG") as refused:
        imported(making.zipped(files))
    assert refused.value.n_faults == 6
