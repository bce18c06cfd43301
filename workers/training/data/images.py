"""The photographs and textures inside the wheels, as grey images."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
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
    """Read the file that `sklearn.datasets.load_sample_image` reads.

    Importing sklearn.datasets for it would cost each worker a second and 100 MB.
    """
    from PIL import Image  # comes with scikit-image

    package = find_spec("sklearn")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("the photographs need scikit-learn", name="sklearn")
    path = Path(package.origin).parent / "datasets" / "images" / f"{name}.jpg"
    with Image.open(path) as image:
        return np.asarray(image)
