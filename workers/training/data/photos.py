"""Grey photographs; training, validation and test come from different images."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from workers.training.data.images import GreyImage, grey_image

SPLITS: dict[str, tuple[str, ...]] = {
    "train": (
        "camera", "chelsea", "rocket", "moon", "stereo_motorcycle", "immunohistochemistry",
        "flower",
    ),
    "validation": ("coffee", "coins", "cell"),
    "test": ("astronaut", "clock", "china"),
}  # fmt: skip

CROP_PX = 96
BLUR_PX = 1.5
_CROP_ROWS, _CROP_COLUMNS = 2, 4
_BYTE_SPAN = 255


def load_photos(split: str) -> list[GreyImage]:
    """Return a split's photographs, (H, W) each, in [0, 1]."""
    return [grey_image(name) for name in SPLITS[split]]


def blurred(image: GreyImage) -> GreyImage:
    """Return an image as an unsharp lens and a file would give it.

    A Gaussian blur of `BLUR_PX` pixels, then rounding to 8 bits: what keeps an inverse filter
    from undoing the blur.
    """
    from scipy import ndimage  # slow to import, and absent where only uploads are trained on

    soft: GreyImage = ndimage.gaussian_filter(image, BLUR_PX, mode="reflect")
    return (np.round(soft * _BYTE_SPAN) / _BYTE_SPAN).astype(np.float32)


def fixed_crops(images: list[GreyImage]) -> NDArray[np.float32]:
    """Return the crops on which a split is judged, (N, 1, 96, 96).

    Eight from each image, on an evenly spaced grid of 2 rows and 4 columns; they do not depend on
    any seed.
    """
    return np.stack([crop for image in images for crop in _grid(image)])[:, None]


def _grid(image: GreyImage) -> Iterator[GreyImage]:
    height, width = image.shape
    for row in np.linspace(0, height - CROP_PX, _CROP_ROWS).astype(int):
        for column in np.linspace(0, width - CROP_PX, _CROP_COLUMNS).astype(int):
            yield image[row : row + CROP_PX, column : column + CROP_PX]
