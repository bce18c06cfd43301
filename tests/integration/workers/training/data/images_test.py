"""Images inside the wheels, as grey images."""

from __future__ import annotations

import numpy as np

from workers.training.data.images import grey_image


def test_photographs_are_those_of_their_libraries() -> None:
    from skimage import color
    from skimage import data as skimage_data
    from sklearn.datasets import load_sample_image

    for name in ("china", "flower"):
        expected = color.rgb2gray(load_sample_image(f"{name}.jpg"))
        np.testing.assert_allclose(grey_image(name), expected, atol=1e-6)
    left = skimage_data.stereo_motorcycle()[0]
    np.testing.assert_allclose(grey_image("stereo_motorcycle"), color.rgb2gray(left), atol=1e-6)
