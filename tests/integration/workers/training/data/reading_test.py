"""Squares of encoded images: a function of the set, the epoch's key and the image alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from service.datasets.store.array_files import DamagedDatasetError
from service.datasets.store.reader import folder_of
from tests.support.stored_images import blocks, store, store_images
from workers.training.data.reading import Wanted, opened, read
from workers.training.data.stored import PREFIX


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    data_dir = tmp_path_factory.mktemp("data")
    name = store_images(data_dir, *blocks(20, form="PNG"))
    return str(folder_of(data_dir, name.removeprefix(PREFIX)))


@pytest.mark.parametrize("key", [None, 7])
def test_a_square_does_not_depend_on_what_is_read_with_it(folder: str, key: int | None) -> None:
    together = read(Wanted(folder, 16, [3, 11, 0], key, flips=True))
    assert together.shape == (3, 3, 16, 16)
    for square, row in zip(together, (3, 11, 0), strict=True):
        np.testing.assert_array_equal(read(Wanted(folder, 16, [row], key, flips=True))[0], square)


def test_another_key_draws_other_boxes_and_none_the_middle(folder: str) -> None:
    rows = list(range(20))
    drawn = [read(Wanted(folder, 16, rows, key)) for key in (1, 2, None)]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        is_same = [np.array_equal(*pair) for pair in zip(drawn[one], drawn[other], strict=True)]
        assert sum(is_same) < 3


def test_flips_mirror_about_half_and_change_nothing_else(folder: str) -> None:
    rows = list(range(20))
    plain, flipped = (read(Wanted(folder, 16, rows, 5, flips=flips)) for flips in (False, True))
    is_turned = [
        np.array_equal(one[..., ::-1], other) and not np.array_equal(one, other)
        for one, other in zip(plain, flipped, strict=True)
    ]
    is_kept = [np.array_equal(*pair) for pair in zip(plain, flipped, strict=True)]
    assert all(a or b for a, b in zip(is_turned, is_kept, strict=True))
    assert 4 < sum(is_turned) < 16


def test_what_is_no_set_of_encoded_images_is_named(tmp_path: Path) -> None:
    with pytest.raises(DamagedDatasetError):
        read(Wanted(str(tmp_path / "absent"), 16, [0]))
    name = store(tmp_path, np.zeros((6, 1, 8, 8), np.uint8), labels=[0, 1] * 3, classes=("a", "b"))
    arrays = str(folder_of(tmp_path, name.removeprefix(PREFIX)))
    with pytest.raises(DamagedDatasetError, match="holds no images as they came"):
        opened(arrays)
