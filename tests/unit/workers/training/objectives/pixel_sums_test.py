"""Losses of the images of a segmentation: their mean is the loss, and they follow its changes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from service.datasets.store.reader import IGNORED
from workers.training.objectives.pixel_sums import ImageSums, PixelSums

N_IMAGES, N_CLASSES, SIDE = 7, 3, 5


def images(seed: int = 0) -> tuple[Tensor, Tensor]:
    """Return outputs and classes of images, of which the last class is rare, some pixels none."""
    random = torch.Generator().manual_seed(seed)
    outputs = 2 * torch.randn(N_IMAGES, N_CLASSES, SIDE, SIDE, generator=random).double()
    classes = torch.randint(2, (N_IMAGES, SIDE, SIDE), generator=random)
    classes[0, 0, :2] = 2
    classes[1:3, 1] = IGNORED
    return outputs, classes


def losses_of(outputs: Tensor, classes: Tensor) -> Tensor:
    each = ImageSums(len(outputs), N_CLASSES)
    half = SIDE // 2
    order = torch.randperm(len(outputs))
    for rows in (slice(0, half), slice(half, SIDE)):  # in tiles, in any order
        each.add(order, outputs[order][:, :, rows], classes[order][:, rows])
    return each.losses()


def weighted_loss(outputs: Tensor, classes: Tensor, weights: list[float]) -> float:
    """Return the loss where an image counts as often as its weight says, by numpy alone."""
    likely = np.exp(outputs.numpy()) / np.exp(outputs.numpy()).sum(1, keepdims=True)
    entropy = n_pixels = 0.0
    shared, sizes = np.zeros(N_CLASSES), np.zeros(N_CLASSES)
    for p, truth, weight in zip(likely, classes.numpy(), weights, strict=True):
        for place in np.argwhere(truth != IGNORED):
            at = tuple(place)
            entropy -= weight * np.log(p[truth[at]][at])
            n_pixels += weight
            for c in range(N_CLASSES):
                shared[c] += weight * p[c][at] * (truth[at] == c)
                sizes[c] += weight * (p[c][at] + (truth[at] == c))
    return float(entropy / n_pixels + 1 - np.mean((2 * shared + 1) / (sizes + 1)))


def test_the_mean_over_images_is_the_loss() -> None:
    outputs, classes = images()
    whole = float(PixelSums.of(outputs, classes).loss())
    assert whole == pytest.approx(weighted_loss(outputs, classes, [1.0] * N_IMAGES), rel=1e-12)
    assert float(losses_of(outputs, classes).mean()) == pytest.approx(whole, rel=1e-12)


def test_an_images_loss_is_the_slope_of_the_loss_along_its_weight() -> None:
    outputs, classes = images()
    found = losses_of(outputs, classes).numpy()
    step = 1e-6
    slopes = []
    for image in range(N_IMAGES):
        up, down = ([1.0] * N_IMAGES for _ in range(2))
        up[image] += step
        down[image] -= step
        change = weighted_loss(outputs, classes, up) - weighted_loss(outputs, classes, down)
        slopes.append(N_IMAGES * change / (2 * step))
    expected = np.array(slopes) - np.mean(slopes)  # the smoothing is shared out equally
    assert found - found.mean() == pytest.approx(expected, rel=1e-5, abs=1e-8)


def test_images_without_any_class_have_the_loss_of_the_split() -> None:
    outputs, classes = images()
    found = losses_of(outputs, torch.full_like(classes, IGNORED))
    # No pixel, no entropy; each class has a Dice of 1.
    assert found.tolist() == pytest.approx([0.0] * N_IMAGES, abs=1e-12)
