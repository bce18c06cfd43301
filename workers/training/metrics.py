"""Measures of image quality and of classification."""

from __future__ import annotations

import torch
from torch import Tensor


def psnr_db(images: Tensor, clean: Tensor) -> float:
    """Return the mean over images of 10 log10(1 / MSE), in dB, for images in [0, 1].

    Args:
        images: (N, 1, H, W); values outside [0, 1] are not clipped.
        clean: Same shape.
    """
    mse = (images.double() - clean.double()).square().mean(dim=(1, 2, 3))
    return float((-10 * torch.log10(mse)).mean())


def ssim(images: Tensor, clean: Tensor) -> float:
    """Return the mean structural similarity of grey images in [0, 1], by scikit-image.

    Args:
        images: (N, 1, H, W), at least 7x7.
        clean: Same shape.
    """
    from skimage.metrics import structural_similarity  # slow to import, needed once a training

    pairs = zip(images[:, 0].cpu().numpy(), clean[:, 0].cpu().numpy(), strict=True)
    values = [float(structural_similarity(image, truth, data_range=1.0)) for image, truth in pairs]
    return sum(values) / len(values)
