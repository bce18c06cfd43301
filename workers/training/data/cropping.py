"""Boxes that are cropped from images: random for training, the centre for evaluation.

A box is a function of the epoch's key and the image's index, so that batches, reader processes and
interruptions do not change it. It needs NumPy alone: reader processes import no torch.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# C. Szegedy et al., arXiv:1409.4842, section 6; torchvision.transforms.RandomResizedCrop.
AREA, RATIO = (0.08, 1.0), (3 / 4, 4 / 3)
N_TRIES = 10
# The middle square has this part of the shorter side, as in torchvision's references: 224 of 256.
CENTRE = 0.875
_N_DRAWS = 2 * N_TRIES + 3

Reals = NDArray[np.float64]
Numbers = NDArray[np.int64]


def random_boxes(key: int, rows: Numbers, sizes: Numbers) -> tuple[Numbers, NDArray[np.bool_]]:
    """Draw a box for each image, and whether it is mirrored.

    A box has 8 to 100 % of the image's area and 3/4 to 4/3 as its ratio of width to height. The
    first of ten draws that fits is taken, otherwise the largest centre box with such a ratio.

    Args:
        key: The epoch's, 0 <= key < 2**64.
        rows: (B,), the images' numbers.
        sizes: (B, 2), their heights and widths.

    Returns:
        (B, 4), left, top, right and bottom; and (B,).
    """
    drawn = uniforms(key, rows, _N_DRAWS)
    heights, widths = sizes.T[:, :, None]
    area = heights * widths * _between(AREA, drawn[:, :N_TRIES])
    logs = (float(np.log(RATIO[0])), float(np.log(RATIO[1])))
    ratio = np.exp(_between(logs, drawn[:, N_TRIES : 2 * N_TRIES]))
    wide, high = (np.rint(np.sqrt(of)).astype(np.int64) for of in (area * ratio, area / ratio))
    fits = (wide > 0) & (wide <= widths) & (high > 0) & (high <= heights)
    first = (np.arange(len(rows)), fits.argmax(axis=1))
    any_fits = fits.any(axis=1)
    largest = _largest(*sizes.T)
    box = np.where(any_fits, [wide[first], high[first]], largest)
    room = sizes.T[::-1] - box
    corner = np.where(any_fits, np.floor(drawn[:, -3:-1].T * (room + 1)), room // 2)
    corner = corner.astype(np.int64)
    return np.concatenate([corner, corner + box]).T, drawn[:, -1] < 0.5


def middle_boxes(sizes: Numbers) -> Reals:
    """Return the middle square of each image: (B, 4), left, top, right and bottom.

    Args:
        sizes: (B, 2), their heights and widths.
    """
    side: Reals = np.maximum(CENTRE * sizes.min(axis=1), 1.0)
    corner: Reals = (sizes.T[::-1] - side) / 2
    return np.concatenate([corner, corner + side]).T


def _largest(heights: Numbers, widths: Numbers) -> Numbers:
    """Return width and height of the largest box in the range of ratios, (2, B)."""
    wide = np.minimum(widths, np.rint(heights * RATIO[1])).astype(np.int64)
    high = np.minimum(heights, np.rint(widths / RATIO[0])).astype(np.int64)
    largest: Numbers = np.maximum(np.stack([wide, high]), 1)
    return largest


def _between(ends: tuple[float, float], drawn: Reals) -> Reals:
    return ends[0] + (ends[1] - ends[0]) * drawn


def uniforms(key: int, rows: Numbers, n: int) -> Reals:
    """Return `n` uniform numbers in [0, 1) for each of `rows`, (B, n).

    SplitMix64 started from a hash of key and row: each number costs a few operations, where a
    generator for every row would cost microseconds. Source: G. Steele, D. Lea, C. Flood, "Fast
    splittable pseudorandom number generators", OOPSLA 2014; the mixer is D. Stafford's variant 13.
    """
    start = _mixed(_mixed(np.uint64(key)) ^ rows.astype(np.uint64))
    steps = np.arange(1, n + 1, dtype=np.uint64) * _GOLDEN
    drawn = _mixed(start[:, None] + steps) >> np.uint64(11)
    return drawn.astype(np.float64) * 2.0**-53


_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MULTIPLIERS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def _mixed(values: NDArray[np.uint64] | np.uint64) -> NDArray[np.uint64]:
    mixed = np.asarray(values, dtype=np.uint64)
    with np.errstate(over="ignore"):  # modulo 2**64, as is meant
        mixed = (mixed ^ (mixed >> np.uint64(30))) * _MULTIPLIERS[0]
        mixed = (mixed ^ (mixed >> np.uint64(27))) * _MULTIPLIERS[1]
    return mixed ^ (mixed >> np.uint64(31))
