"""The photographs and textures inside the wheels, as grey images."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

GreyImage = NDArray[np.float32]

# ITU-R BT.709 luma, the weights of skimage.color.rgb2gray.
_LUMA = np.array([0.2125, 0.7154, 0.0721], dtype=np.float32)
_SKLEARN_IMAGES = ("china", "flower")


@lru_cache(maxsize=64)
def grey_image(name: str) -> GreyImage:
    """Load one image by the name of its loader, shape (H, W), in [0, 1], read-only.

    Args:
        name: "china" or "flower" (scikit-learn), else a function of `skimage.data` whose file is
            part of the wheel.
    """
    pixels = _sklearn_image(name) if name in _SKLEARN_IMAGES else _skimage_image(name)
    grey = pixels.astype(np.float32) / np.float32(255)
    if grey.ndim == 3:
        grey = grey @ _LUMA
    grey.setflags(write=False)
    return grey


def _skimage_image(name: str) -> NDArray[np.uint8]:
    from skimage import data  # slow to import, and absent where only uploads are trained on

    loaded: Any = getattr(data, name)()
    # stereo_motorcycle gives left, right and disparity; the left one is the photograph.
    pixels: NDArray[np.uint8] = loaded[0] if isinstance(loaded, tuple) else loaded
    return pixels


def _sklearn_image(name: str) -> NDArray[np.uint8]:
    from sklearn.datasets import load_sample_image  # slow to import, see above

    pixels: NDArray[np.uint8] = load_sample_image(f"{name}.jpg")
    return pixels
