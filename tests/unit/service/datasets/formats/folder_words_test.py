"""Names of folders say a split by whole words alone."""

from __future__ import annotations

import pytest

from service.datasets.formats.folder_words import (
    is_like_role,
    is_like_split,
    split_in,
    split_of,
    words_of,
)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("trainImages2", ["train", "images"]),
        ("JPEGImages", ["jpeg", "images"]),
        ("t10k-images-idx3-ubyte", ["t10k", "images", "idx", "ubyte"]),
        ("trainset", ["train", "set"]),
        ("Äpfel 3", ["Äpfel".lower()]),
        ("", []),
    ],
)
def test_words(name: str, words: list[str]) -> None:
    assert words_of(name) == words


@pytest.mark.parametrize(
    ("folder", "split"),
    [
        ("train", "train"), ("TRAINING", "train"), ("val2017", "validation"),
        ("dev", "validation"),
        ("test_images", "test"), ("testset", "test"), ("DIV2K_train_HR", "train"),
        ("train_cats", None), ("strain", None), ("contest", None), ("trainval", None),
        ("eval", None), ("DIV2K_train_LR_bicubic", None), ("", None),
    ],
)  # fmt: skip
def test_a_folder_is_a_split_if_it_says_nothing_else(folder: str, split: str | None) -> None:
    assert split_of(folder) == split


@pytest.mark.parametrize(
    ("file", "split"),
    [
        ("emnist-letters-test-images-idx3-ubyte", "test"), ("Test_batch.bin", "test"),
        ("data_batch_1.bin", None), ("train-test.bin", None), ("latest.bin", None),
    ],
)  # fmt: skip
def test_a_file_has_its_split_as_a_word(file: str, split: str | None) -> None:
    assert split_in(file) == split


@pytest.mark.parametrize("name", ["train", "test1", "train_cats", "eval", "hold_out", "unlabeled"])
def test_names_like_those_of_splits(name: str) -> None:
    assert is_like_split(name)


@pytest.mark.parametrize("name", ["trained", "cat", "strain", "contest", "valley", "tester"])
def test_names_of_other_things(name: str) -> None:
    assert not is_like_split(name)
    assert not is_like_role(name)


@pytest.mark.parametrize("name", ["images", "Masks", "SegmentationClass", "ground_truth", "HR"])
def test_names_of_a_side_of_pairs(name: str) -> None:
    assert is_like_role(name)
