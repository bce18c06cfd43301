"""Split folders, their names, and files that are no images."""

from __future__ import annotations

import pytest

from tests.support.datasets import bad, making
from tests.support.datasets.importing import Case, Import, Refuses


def test_splits_that_are_given_are_kept(imported: Import) -> None:
    files = {
        f"data/{split}/{name}": content
        for split, n in {"train": 6, "val": 3, "test": 2}.items()
        for name, content in making.class_files(n).items()
    }
    found, _ = imported(making.zipped(files))
    assert found.manifest["counts"] == {"train": 12, "validation": 6, "test": 4}


def test_a_split_that_is_not_given_is_drawn_from_the_training_samples(imported: Import) -> None:
    files = {
        f"{split}/{name}": content
        for split, n in {"train": 20, "test": 5}.items()
        for name, content in making.class_files(n).items()
    }
    found, _ = imported(making.zipped(files))
    assert found.manifest["counts"] == {"train": 32, "validation": 8, "test": 10}


def test_div2k_comes_with_its_own_names(imported: Import) -> None:
    files = {f"DIV2K_train_HR/{i:04}.png": making.image(i) for i in range(8)}
    files |= {f"DIV2K_valid_HR/{i:04}.png": making.image(i) for i in range(8, 11)}
    found, stored = imported(making.zipped(files))
    assert stored.kind == "unlabelled"
    assert found.manifest["counts"]["validation"] == 3


def test_a_table_next_to_images_is_found_in_the_folder_that_was_packed(imported: Import) -> None:
    files = {f"set/{name}": content for name, content in making.plain_files(6).items()}
    files["set/groups.csv"] = b"name,group\n0.png,a\n1.png,a\n"
    found, stored = imported(making.zipped(files))
    assert found.format == "images"
    assert stored.splits[0] == stored.splits[1]


CASES: dict[str, Case] = {
    "foreign file": (lambda: bad.good_and(**{"cat__run.exe": b"MZ"}), "cat/run.exe", "no image"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_no_image_is_refused(refuses: Refuses, case: str) -> None:
    refuses(*CASES[case])
