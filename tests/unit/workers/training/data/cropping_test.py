"""Boxes of images: what SplitMix64 and RandomResizedCrop are defined to give."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import ks_2samp, kstest

from workers.training.data.cropping import middle_boxes, random_boxes, uniforms

ROWS = np.arange(4000)


def test_numbers_are_those_of_splitmix64() -> None:
    # The first outputs of the reference implementation (prng.di.unimi.it/splitmix64.c) from 0.
    known = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    drawn = uniforms(0, np.array([0]), 3)[0]
    np.testing.assert_array_equal(drawn, [(value >> 11) / 2**53 for value in known])


def test_numbers_are_uniform_and_differ_by_key_and_row() -> None:
    drawn = uniforms(7, ROWS, 23)
    assert kstest(drawn.ravel(), "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(drawn[:-1, 0], drawn[1:, 0])[0, 1]) < 0.06
    assert len(np.unique(drawn)) == drawn.size
    assert not np.isin(uniforms(8, ROWS, 23), drawn).any()


def _reference(random: np.random.Generator, height: int, width: int) -> tuple[int, ...]:
    """RandomResizedCrop.get_params of torchvision 0.26, with NumPy's generator."""
    for _ in range(10):
        target = height * width * random.uniform(0.08, 1.0)
        ratio = math.exp(random.uniform(math.log(3 / 4), math.log(4 / 3)))
        w, h = round(math.sqrt(target * ratio)), round(math.sqrt(target / ratio))
        if 0 < w <= width and 0 < h <= height:
            left, top = int(random.integers(width - w + 1)), int(random.integers(height - h + 1))
            return left, top, left + w, top + h
    w, h = width, height
    if width / height < 3 / 4:
        h = round(width / (3 / 4))
    elif width / height > 4 / 3:
        w = round(height * (4 / 3))
    left, top = (width - w) // 2, (height - h) // 2
    return left, top, left + w, top + h


@pytest.mark.parametrize("size", [(60, 90), (300, 200), (64, 200)])
def test_boxes_are_distributed_as_those_of_torchvision(size: tuple[int, int]) -> None:
    sizes = np.tile(size, (len(ROWS), 1))
    ours, is_mirrored = random_boxes(3, ROWS, sizes)
    random = np.random.default_rng(0)
    theirs = np.array([_reference(random, *size) for _ in ROWS])
    for of in (0, 1, 2, 3):
        assert ks_2samp(ours[:, of], theirs[:, of]).pvalue > 1e-3
    areas = [(of[:, 2] - of[:, 0]) * (of[:, 3] - of[:, 1]) for of in (ours, theirs)]
    assert ks_2samp(*areas).pvalue > 1e-3
    assert abs(is_mirrored.mean() - 0.5) < 0.04


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (2, 3), (10, 4000)])
def test_boxes_lie_in_images_of_any_size(size: tuple[int, int]) -> None:
    height, width = size
    sizes = np.tile(size, (len(ROWS), 1))
    for boxes in (random_boxes(1, ROWS, sizes)[0], middle_boxes(sizes)):
        left, top, right, bottom = boxes.T
        assert (left >= 0).all()
        assert (top >= 0).all()
        assert (right <= width).all()
        assert (bottom <= height).all()
        assert (right > left).all()
        assert (bottom > top).all()


def test_where_no_try_fits_it_is_the_middle_that_a_ratio_allows() -> None:
    boxes, _ = random_boxes(0, ROWS, np.tile((10, 4000), (len(ROWS), 1)))
    assert (boxes == [1993, 0, 2006, 10]).all()


def test_a_box_belongs_to_its_epoch_and_image_alone() -> None:
    sizes = np.random.default_rng(0).integers(20, 300, (50, 2))
    boxes, is_mirrored = random_boxes(5, ROWS[:50], sizes)
    order = np.random.default_rng(1).permutation(50)
    mixed, is_turned = random_boxes(5, ROWS[order], sizes[order])
    np.testing.assert_array_equal(mixed, boxes[order])
    np.testing.assert_array_equal(is_turned, is_mirrored[order])


def test_the_middle_is_the_part_that_references_judge() -> None:
    np.testing.assert_allclose(middle_boxes(np.array([[256, 256]])), [[16, 16, 240, 240]])
