"""Photographs: blurred ones against the formula."""

from __future__ import annotations

import numpy as np
import pytest

from workers.training.data import photos
from workers.training.data.images import grey_image


def test_blurred_photographs_are_gaussian_averages_of_their_neighbourhood() -> None:
    """Away from the edges, written out as a sum over the plane."""
    image = grey_image("moon")
    soft = photos.blurred(image)
    assert np.array_equal(np.round(soft * 255), np.round(soft * 255, 3))
    reach = np.arange(-8, 9)
    kernel = np.exp(-(reach**2) / (2 * 1.5**2))
    kernel /= kernel.sum()
    for row, column in [(100, 100), (300, 77)]:
        around = image[row - 8 : row + 9, column - 8 : column + 9]
        wanted = kernel @ around.astype(float) @ kernel
        assert soft[row, column] == pytest.approx(wanted, abs=0.6 / 255)
