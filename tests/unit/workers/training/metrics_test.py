"""Metrics against scikit-image and scikit-learn, and by hand."""

from __future__ import annotations

import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio
from sklearn import metrics as sklearn_metrics

from workers.training.metrics import label_accuracy, label_scores, psnr_db, ssim


def test_psnr_is_the_mean_over_images_of_scikit_images() -> None:
    random = torch.Generator().manual_seed(0)
    clean = torch.rand(3, 1, 12, 10, generator=random)
    spread = torch.tensor([0.01, 0.1, 0.3])[:, None, None, None]
    noisy = clean + spread * torch.randn(clean.shape, generator=random)
    pairs = zip(clean.numpy(), noisy.numpy(), strict=True)
    expected = [peak_signal_noise_ratio(a, b, data_range=1.0) for a, b in pairs]
    assert psnr_db(noisy, clean) == pytest.approx(sum(expected) / 3, rel=1e-5)


@pytest.mark.parametrize("sides", [(40,), (12, 10), (8, 9, 10)], ids=len)
def test_any_axes_and_channels_are_judged(sides: tuple[int, ...]) -> None:
    random = torch.Generator().manual_seed(0)
    clean = torch.rand(3, 2, *sides, generator=random)
    noisy = clean + 0.1 * torch.randn(clean.shape, generator=random)
    pairs = zip(clean.numpy(), noisy.numpy(), strict=True)
    expected = [peak_signal_noise_ratio(a, b, data_range=1.0) for a, b in pairs]
    assert psnr_db(noisy, clean) == pytest.approx(sum(expected) / 3, rel=1e-5)
    assert ssim(clean, clean) == pytest.approx(1.0)
    # Channels are judged one by one and averaged.
    each = [ssim(noisy[:, c : c + 1], clean[:, c : c + 1]) for c in range(2)]
    assert ssim(noisy, clean) == pytest.approx(sum(each) / 2, rel=1e-6)
    assert ssim(noisy, clean) < 1.0


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


def answers(n: int = 200) -> tuple[torch.Tensor, torch.Tensor]:
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
