"""Measures of the quality of images, and of answers with several labels."""

from __future__ import annotations

import torch
from torch import Tensor


def psnr_db(images: Tensor, clean: Tensor) -> float:
    """Return the mean over images of 10 log10(1 / MSE), in dB, for images in [0, 1].

    Args:
        images: (N, C, *sides); values outside [0, 1] are not clipped.
        clean: Same shape.
    """
    mse = (images.double() - clean.double()).square().flatten(1).mean(dim=1)
    return float((-10 * torch.log10(mse)).mean())


def ssim(images: Tensor, clean: Tensor) -> float:
    """Return the mean structural similarity of images in [0, 1], by scikit-image.

    Args:
        images: (N, C, *sides) of 1 to 3 axes, each at least 7 long; channels are averaged.
        clean: Same shape.
    """
    from skimage.metrics import structural_similarity  # slow to import, needed once a training

    pairs = zip(images.cpu().numpy(), clean.cpu().numpy(), strict=True)
    values = [
        float(structural_similarity(image, truth, data_range=1.0, channel_axis=0))
        for image, truth in pairs
    ]
    return sum(values) / len(values)


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
