"""The sums over pixels of which a segmentation's loss is computed, of a split or of each image."""

from __future__ import annotations

import torch
from torch import Tensor

from service.datasets.store.reader import IGNORED

# Added to both sides of a Dice coefficient, px: a class without pixels divides by no zero.
SMOOTHING_PX = 1.0


class PixelSums:
    """Sums over pixels that add up over parts of a split."""

    def __init__(self, entropy: Tensor, n_pixels: Tensor, shared: Tensor, sizes: Tensor) -> None:
        self._parts = (entropy, n_pixels, shared, sizes)

    @classmethod
    def of(cls, outputs: Tensor, classes: Tensor, label_smoothing: float = 0.0) -> PixelSums:
        """Sum over outputs (B, C, *sides) and classes (B, *sides)."""
        entropy, has_class, shared, sizes = _terms(outputs, classes, label_smoothing)
        over = (0, *range(2, outputs.dim()))
        return cls(-entropy.sum(), has_class.sum(), shared.sum(dim=over), sizes.sum(dim=over))

    def plus(self, other: PixelSums) -> PixelSums:
        """Return the sums of both."""
        return PixelSums(*(one + two for one, two in zip(self._parts, other._parts, strict=True)))

    def loss(self) -> Tensor:
        """Return the cross-entropy plus the Dice loss."""
        entropy, n_pixels, shared, sizes = self._parts
        dice = (2 * shared + SMOOTHING_PX) / (sizes + SMOOTHING_PX)
        return entropy / n_pixels.clamp(min=1) + 1 - dice.mean()


class ImageSums:
    """The same sums for each image of a split."""

    def __init__(self, n_images: int, n_classes: int) -> None:
        self._entropy, self._n_pixels = torch.zeros(2, n_images, dtype=torch.float64)
        self._shared, self._sizes = torch.zeros(2, n_images, n_classes, dtype=torch.float64)

    def add(self, numbers: Tensor, outputs: Tensor, classes: Tensor) -> None:
        """Add a part of some images.

        Args:
            numbers: The images', (B,), on the CPU.
            outputs: (B, C, *sides), float64.
            classes: (B, *sides).
        """
        entropy, has_class, shared, sizes = _terms(outputs, classes, 0.0)
        over = tuple(range(2, outputs.dim()))
        self._entropy[numbers] -= entropy.flatten(1).sum(dim=1).cpu()
        self._n_pixels[numbers] += has_class.flatten(1).sum(dim=1).cpu()
        self._shared[numbers] += shared.sum(dim=over).cpu()
        self._sizes[numbers] += sizes.sum(dim=over).cpu()

    def losses(self) -> Tensor:
        """Return how the loss of the split is made up of its images, (N,), float64.

        The loss is not a mean over images: cross-entropy and Dice are ratios of sums over the
        pixels of all. Each image has the loss of the split plus N times its part in a first-order
        change of those ratios, so that the mean is the loss, and resampled means follow the loss
        of resampled images. With e, p, s, t the sums of an image, E, P, S, T those of all,
        k = `SMOOTHING_PX` and D = (2 S + k) / (T + k) for each of C classes:

            loss + N ((e - p E/P) / P - 1/C sum_c (2 s + k/N - D (t + k/N)) / (T + k)).

        Source: the infinitesimal jackknife, B. Efron, "The Jackknife, the Bootstrap and Other
        Resampling Plans", SIAM 1982, chapter 6.
        """
        n_images, k = len(self._entropy), SMOOTHING_PX
        sums = (self._entropy, self._n_pixels, self._shared, self._sizes)
        entropy, n_pixels, shared, sizes = (part.sum(dim=0) for part in sums)
        loss = PixelSums(entropy, n_pixels, shared, sizes).loss()
        n_pixels = n_pixels.clamp(min=1)
        dice = (2 * shared + k) / (sizes + k)
        own = 2 * self._shared + k / n_images - dice * (self._sizes + k / n_images)
        of_entropy = (self._entropy - self._n_pixels * entropy / n_pixels) / n_pixels
        of_dice = (own / (sizes + k)).mean(dim=1)
        found: Tensor = loss + n_images * (of_entropy - of_dice)
        return found


def _terms(
    outputs: Tensor, classes: Tensor, label_smoothing: float
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return what is summed, (B, C, *sides) or (B, 1, *sides) each.

    Comparisons, products and sums alone: those of `cross_entropy` for images have no
    deterministic form on GPUs.
    """
    n_classes = outputs.shape[1]
    numbers = torch.arange(n_classes, device=outputs.device).view(-1, *(1,) * (classes.dim() - 1))
    truth = (classes[:, None] == numbers).to(outputs.dtype)
    has_class = (classes != IGNORED)[:, None].to(outputs.dtype)
    logs = outputs.log_softmax(dim=1)
    wanted = truth * (1 - label_smoothing) + label_smoothing / n_classes
    likely = logs.exp() * has_class
    return wanted * logs * has_class, has_class, likely * truth, likely + truth


def constant_loss(counts: Tensor) -> float:
    """Return the loss of an output that gives every pixel the shares of the classes.

    Args:
        counts: (C,), pixels of each class; without any pixel the loss is 0.
    """
    sizes = counts.double()
    n_pixels = float(sizes.sum())
    shares = sizes / max(n_pixels, 1.0)
    parts = (torch.special.entr(shares).sum() * n_pixels, torch.tensor(n_pixels))
    found = PixelSums(*parts, shared=shares * sizes, sizes=shares * n_pixels + sizes)
    return float(found.loss()) if n_pixels else 0.0
