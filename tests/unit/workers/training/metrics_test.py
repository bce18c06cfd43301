"""Metrics against scikit-image, torchmetrics and scikit-learn, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from sklearn import metrics as sklearn_metrics
from torch import Tensor
from torchmetrics.functional.classification import multiclass_accuracy
from torchmetrics.functional.image import (
    peak_signal_noise_ratio as torchmetrics_psnr,
)
from torchmetrics.functional.image import (
    structural_similarity_index_measure as torchmetrics_ssim,
)

from workers.training.data.tiles import whole
from workers.training.metrics import (
    CLIPPED_SQUARED_ERROR,
    GAUSSIAN_SIMILARITY,
    SIMILARITY,
    SQUARED_ERROR,
    Measure,
    label_accuracy,
    label_scores,
    n_correct,
    psnr_db,
)
from workers.training.pixel_means import PixelMeans

SIDES = [(40,), (14, 12), (12, 11, 13)]


def means(measure: Measure, images: Tensor, clean: Tensor) -> Tensor:
    """Return a measure's mean over the pixels of each image."""
    found = PixelMeans(len(images), torch.device("cpu"), [measure])
    found.add(torch.arange(len(images)), whole(images.shape[2:]), images, clean)
    return found.of(measure)


def pairs(*shape: int) -> tuple[Tensor, Tensor]:
    """Return images with noise that takes them out of [0, 1], and clean ones."""
    random = torch.Generator().manual_seed(0)
    clean = torch.rand(*shape, generator=random)
    spread = torch.linspace(0.05, 0.3, shape[0]).view(-1, *[1] * (len(shape) - 1))
    return clean + spread * torch.randn(shape, generator=random), clean


@pytest.mark.parametrize("sides", SIDES, ids=len)
def test_psnr_is_the_mean_over_images_of_scikit_images(sides: tuple[int, ...]) -> None:
    noisy, clean = pairs(3, 2, *sides)
    images = zip(clean.numpy(), noisy.numpy(), strict=True)
    expected = [peak_signal_noise_ratio(a, b, data_range=1.0) for a, b in images]
    assert psnr_db(means(SQUARED_ERROR, noisy, clean)) == pytest.approx(np.mean(expected))


@pytest.mark.parametrize("sides", SIDES, ids=len)
def test_clipped_psnr_is_that_of_torchmetrics_and_of_scikit_image(sides: tuple[int, ...]) -> None:
    noisy, clean = pairs(3, 2, *sides)
    found = psnr_db(means(CLIPPED_SQUARED_ERROR, noisy, clean), is_clipped=True)
    axes = tuple(range(1, noisy.dim()))
    wanted = torchmetrics_psnr(noisy, clean, data_range=(0.0, 1.0), dim=axes)
    assert found == pytest.approx(float(wanted), rel=1e-6)
    images = zip(clean.numpy(), noisy.clamp(0, 1).numpy(), strict=True)
    expected = [peak_signal_noise_ratio(a, b, data_range=1.0) for a, b in images]
    assert found == pytest.approx(np.mean(expected), rel=1e-6)
    assert found > psnr_db(means(SQUARED_ERROR, noisy, clean))


def test_an_image_that_is_perfect_once_clipped_has_a_finite_psnr() -> None:
    black = torch.zeros(2, 1, 8, 8)
    below = torch.stack([-0.1 * torch.ones(1, 8, 8), 0.1 * torch.ones(1, 8, 8)])
    found = psnr_db(means(CLIPPED_SQUARED_ERROR, below, black), is_clipped=True)
    assert found == pytest.approx((100 + 20) / 2, abs=1e-5)
    assert psnr_db(means(SQUARED_ERROR, black, black)) == float("inf")


def test_psnr_by_hand() -> None:
    clean = torch.zeros(1, 1, 8, 8)
    assert psnr_db(means(SQUARED_ERROR, clean + 0.1, clean)) == pytest.approx(20.0, abs=1e-5)


@pytest.mark.parametrize("sides", SIDES, ids=len)
def test_ssim_is_that_of_scikit_image(sides: tuple[int, ...]) -> None:
    noisy, clean = pairs(3, 2, *sides)
    images = zip(clean.numpy(), noisy.numpy(), strict=True)
    expected = [structural_similarity(a, b, data_range=1.0, channel_axis=0) for a, b in images]
    found = means(SIMILARITY, noisy, clean)
    assert found.tolist() == pytest.approx([float(one) for one in expected], rel=1e-6)


@pytest.mark.parametrize("sides", SIDES[1:], ids=len)
def test_gaussian_ssim_is_that_of_torchmetrics(sides: tuple[int, ...]) -> None:
    noisy, clean = pairs(3, 2, *sides)
    wanted = torchmetrics_ssim(
        noisy, clean, gaussian_kernel=True, sigma=1.5, kernel_size=11, data_range=(0.0, 1.0),
        reduction="none",
    )  # fmt: skip
    assert isinstance(wanted, Tensor)
    found = means(GAUSSIAN_SIMILARITY, noisy, clean)
    assert found.tolist() == pytest.approx(wanted.tolist(), rel=1e-5)


@pytest.mark.parametrize("sides", [(40, 32), (14, 15, 16)], ids=len)
def test_gaussian_ssim_is_that_of_wang_et_al_in_scikit_image(sides: tuple[int, ...]) -> None:
    noisy, clean = pairs(2, 1, *sides)
    found = GAUSSIAN_SIMILARITY.of_pixels(noisy, clean)
    inside = (slice(None), *[slice(5, -5)] * len(sides))
    for one, image, truth in zip(found, noisy.clamp(0, 1), clean, strict=True):
        wanted = structural_similarity(
            image.numpy(), truth.numpy(), data_range=1.0, channel_axis=0, full=True,
            gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
        )[1]  # fmt: skip
        # The two continue images differently beyond their edges.
        np.testing.assert_allclose(one[inside], wanted[inside], atol=1e-5)


@pytest.mark.parametrize("measure", [SIMILARITY, GAUSSIAN_SIMILARITY], ids=["uniform", "gaussian"])
def test_similarity_is_1_for_equal_images_and_follows_its_formula_for_flat_ones(
    measure: Measure,
) -> None:
    clean = torch.rand(2, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    assert means(measure, clean, clean).tolist() == pytest.approx([1.0, 1.0])
    # Flat images have no variance: only the luminance term (2ab + c1) / (a^2 + b^2 + c1) is left.
    low, high = torch.full((1, 1, 12, 12), 0.25), torch.full((1, 1, 12, 12), 0.75)
    expected = (2 * 0.25 * 0.75 + 1e-4) / (0.25**2 + 0.75**2 + 1e-4)
    # In float32 a variance of 0 is about 1e-7, beside c2 = 9e-4.
    assert float(means(measure, low, high)) == pytest.approx(expected, rel=1e-3)


def test_accuracies_are_those_of_torchmetrics() -> None:
    random = torch.Generator().manual_seed(0)
    logits, labels = torch.randn(200, 7, generator=random), torch.arange(200) % 7
    found = {name: int(n) / len(labels) for name, n in n_correct(logits.double(), labels).items()}
    assert list(found) == ["accuracy", "accuracy_top5"]
    for name, top in (("accuracy", 1), ("accuracy_top5", 5)):
        wanted = multiclass_accuracy(logits, labels, 7, average="micro", top_k=top)
        assert found[name] == pytest.approx(float(wanted), rel=1e-6)
    assert found["accuracy"] < found["accuracy_top5"] < 1.0
    # Of 5 classes the right one is always among the 5 best.
    assert list(n_correct(logits[:, :5], labels.clamp(max=4))) == ["accuracy"]


def answers(n: int = 200) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(1)
    labels = (torch.rand(n, 4, generator=random) < torch.tensor([0.1, 0.3, 0.5, 0.9])).float()
    return labels - 0.5 + torch.randn(n, 4, generator=random), labels


@pytest.mark.parametrize("n_labels", [1, 4])
def test_scores_of_labels_are_those_of_scikit_learn(n_labels: int) -> None:
    logits, labels = (x[:, :n_labels] for x in answers())
    found = label_scores(logits.double(), labels)
    answer, truth = (logits > 0).numpy(), labels.numpy()
    for average in ("micro", "macro"):
        # A single label is a binary question to scikit-learn.
        kind = average if n_labels > 1 else "binary"
        wanted = sklearn_metrics.f1_score(truth, answer, average=kind)
        assert found[f"{average}_f1"] == pytest.approx(wanted, rel=1e-6)
    wanted = sklearn_metrics.average_precision_score(truth, logits.numpy(), average="macro")
    assert found["map"] == pytest.approx(wanted, rel=1e-5)
    assert label_accuracy(logits, labels) == pytest.approx((answer == truth).mean())


def test_a_label_that_no_sample_has_is_left_out_of_the_mean_average_precision() -> None:
    logits, labels = answers()
    labels[:, 2] = 0.0
    rest = [0, 1, 3]
    wanted = label_scores(logits[:, rest], labels[:, rest])["map"]
    assert label_scores(logits, labels)["map"] == pytest.approx(wanted, rel=1e-6)
    assert label_scores(logits, torch.zeros_like(labels))["map"] == 0.0
