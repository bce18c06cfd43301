"""Metrics of images, and of predictions of one or several labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

# Windows of both kinds of structural similarity are at most so wide.
LEAST_PX = 11
# A mean squared error below counts as this one: an image without any error has no PSNR.
_LEAST_MSE = 1e-10
_UNIT_RANGE = (0.0, 1.0)
_TOP = 5
# Metric of a split, the same for every network: the loss of an output that is the same for each
# sample. A training that ends there has learned nothing.
CONSTANT_LOSS = "constant_loss"


@dataclass(frozen=True, eq=False)
class Measure:
    """A metric of images that is a mean over their pixels.

    Attributes:
        of_pixels: From images and clean ones, (B, C, *sides) in about [0, 1], to the values of
            their pixels, of the same shape.
        margin_px: How far from a pixel its value depends on others.
        border_px: How far from an image's edge pixels do not count.
    """

    of_pixels: Callable[[Tensor, Tensor], Tensor]
    margin_px: int = 0
    border_px: int = 0


def _squared_error(images: Tensor, clean: Tensor) -> Tensor:
    return (images.double() - clean.double()).square()


def _clipped_squared_error(images: Tensor, clean: Tensor) -> Tensor:
    return _squared_error(images.clamp(*_UNIT_RANGE), clean.clamp(*_UNIT_RANGE))


def _similarity(images: Tensor, clean: Tensor) -> Tensor:
    from skimage.metrics import structural_similarity  # slow to import, needed once a training

    pairs = zip(images.cpu().numpy(), clean.cpu().numpy(), strict=True)
    found = [
        structural_similarity(image, truth, data_range=1.0, channel_axis=0, full=True)[1]
        for image, truth in pairs
    ]
    return torch.stack([torch.from_numpy(one) for one in found]).to(images.device)


def _gaussian_similarity(images: Tensor, clean: Tensor) -> Tensor:
    from torchmetrics.functional.image import (  # slow to import, needed once a training
        structural_similarity_index_measure,
    )

    # All as channels of one image: grouped convolutions are 2 to 5 times faster on CPUs, and the
    # similarity of a pixel is the same.
    one, other = (values.flatten(0, 1)[None] for values in (images, clean))
    _, found = structural_similarity_index_measure(
        one, other, data_range=_UNIT_RANGE, return_full_image=True
    )
    return found.view(images.shape)


# The mean over an image's pixels and channels is its
# - mean squared error;
SQUARED_ERROR = Measure(_squared_error)
# - mean squared error where both are clipped to [0, 1];
CLIPPED_SQUARED_ERROR = Measure(_clipped_squared_error)
# - structural similarity by scikit-image: a uniform window of 7, sample covariances, not clipped;
#   pixels whose window leaves the image do not count;
SIMILARITY = Measure(_similarity, margin_px=3, border_px=3)
# - structural similarity by torchmetrics, for images and volumes: a Gaussian window of 11 of
#   standard deviation 1.5, as Wang et al. (2004) have it, where both are clipped to [0, 1]; images
#   are continued by reflection.
GAUSSIAN_SIMILARITY = Measure(_gaussian_similarity, margin_px=5)


def psnr_db(mse: Tensor, *, is_clipped: bool = False) -> float:
    """Return the mean over images of 10 log10(1 / MSE), in dB, for images in [0, 1].

    Args:
        mse: (N,), of each image.
        is_clipped: Whether the images were: then those without any error, which occur, count
            100 dB.
    """
    least = _LEAST_MSE if is_clipped else 0.0
    return float((-10 * torch.log10(mse.clamp(min=least))).mean())


def n_correct(logits: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Return how many samples count for `accuracy`, and for `accuracy_top5` above 5 classes.

    Those whose class has the highest score, or one of the 5 highest.

    Args:
        logits: (N, n_classes).
        labels: (N,), int64.

    Returns:
        Scalars on the device, int64.
    """
    found = {"accuracy": (logits.argmax(dim=1) == labels).sum()}
    if logits.shape[1] > _TOP:
        best = logits.topk(_TOP, dim=1).indices
        found["accuracy_top5"] = (best == labels[:, None]).any(dim=1).sum()
    return found


def entropy(labels: Tensor) -> float:
    """Return the entropy of classes, in nats: no constant output has a lower cross-entropy.

    Args:
        labels: Class of each sample, any shape, int64.
    """
    counts = torch.bincount(labels.flatten().cpu()).double()
    return float(torch.special.entr(counts / counts.sum()).sum())


def label_entropy(labels: Tensor) -> float:
    """Return the mean over labels of the entropy of each, in nats.

    Args:
        labels: (N, n_labels), 0 and 1.
    """
    shares = labels.double().mean(dim=0)
    return float((torch.special.entr(shares) + torch.special.entr(1.0 - shares)).mean())


def label_accuracy(logits: Tensor, labels: Tensor) -> float:
    """Return the share of answers, at a threshold of 0.5, that are right.

    Args:
        logits: (N, n_labels).
        labels: Same shape, 0 and 1.
    """
    return float(((logits > 0) == (labels > 0.5)).double().mean())


def label_scores(logits: Tensor, labels: Tensor) -> dict[str, float]:
    """Return `micro_f1` and `macro_f1` at a threshold of 0.5, and `map`, by torchmetrics.

    A label without an answer and without a sample counts 0 in the F1; one without a sample is
    left out of the mean average precision, which is 0 where all of them are.

    Args:
        logits: (N, n_labels).
        labels: Same shape, 0 and 1.
    """
    from torchmetrics.functional import classification  # slow to import, needed once a training

    n_labels = labels.shape[1]
    # In double precision, where only answers beyond any doubt are equal; on the CPU, since sums
    # along a curve are not deterministic on GPUs.
    answers, truth = logits.cpu().double().sigmoid(), labels.cpu().long()
    # Not validated: one label would be refused.
    found = {
        f"{average}_f1": float(
            classification.multilabel_f1_score(
                answers, truth, n_labels, average=average, validate_args=False
            )
        )
        for average in ("micro", "macro")
    }
    precisions = [
        float(classification.binary_average_precision(answer, of_label))
        for answer, of_label in zip(answers.T, truth.T, strict=True)
        if bool(of_label.any())
    ]
    return found | {"map": sum(precisions) / max(len(precisions), 1)}
