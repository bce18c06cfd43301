"""Image metrics against scikit-image and by hand."""

from __future__ import annotations

import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio

from workers.training.metrics import psnr_db, ssim


def test_psnr_is_the_mean_over_images_of_scikit_images() -> None:
    random = torch.Generator().manual_seed(0)
    clean = torch.rand(3, 1, 12, 10, generator=random)
    spread = torch.tensor([0.01, 0.1, 0.3])[:, None, None, None]
    noisy = clean + spread * torch.randn(clean.shape, generator=random)
    pairs = zip(clean.numpy(), noisy.numpy(), strict=True)
    expected = [peak_signal_noise_ratio(a, b, data_range=1.0) for a, b in pairs]
    assert psnr_db(noisy, clean) == pytest.approx(sum(expected) / 3, rel=1e-5)


def test_psnr_by_hand() -> None:
    clean = torch.zeros(1, 1, 8, 8)
    assert psnr_db(clean + 0.1, clean) == pytest.approx(20.0, abs=1e-5)


def test_ssim_is_1_for_equal_images_and_follows_its_formula_for_flat_ones() -> None:
    clean = torch.rand(2, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    assert ssim(clean, clean) == pytest.approx(1.0)
    # Flat images have no variance: only the luminance term (2ab + c1) / (a^2 + b^2 + c1) is left.
    low, high = torch.full((1, 1, 9, 9), 0.25), torch.full((1, 1, 9, 9), 0.75)
    expected = (2 * 0.25 * 0.75 + 1e-4) / (0.25**2 + 0.75**2 + 1e-4)
    assert ssim(low, high) == pytest.approx(expected, rel=1e-4)
