"""Built-in sets of samples: pairs belong together, and crops are what a search is judged on."""

from __future__ import annotations

import numpy as np
import torch

from workers.training.data import photos
from workers.training.data.patched import by_channel
from workers.training.data.restoration_sets import blurred_photographs, phantoms, photographs

CPU = torch.device("cpu")


def test_a_blurred_crop_is_that_of_its_photograph() -> None:
    """Crops of both parts lie in the same places, so a crop's middle is its own crop, blurred."""
    ((inputs, targets),) = blurred_photographs(CPU).crops
    assert inputs.shape == targets.shape == (24, 1, 96, 96)
    middle = slice(16, 80)  # what lies around a crop is not seen
    for blurred, sharp in zip(inputs[:4], targets[:4], strict=True):
        again = photos.blurred(sharp[0].numpy())
        np.testing.assert_allclose(
            blurred[0, middle, middle].numpy(), again[middle, middle], atol=1.01 / 255
        )


def test_photographs_alone_have_one_part() -> None:
    data = photographs(CPU)
    ((crops,),) = data.crops
    assert (data.n_channels, data.n_outputs, data.n_dims) == ((1,), 1, 2)
    ((_, sharp),) = blurred_photographs(CPU).crops
    assert torch.equal(crops, sharp)


def test_phantoms_are_standardised_by_their_training_split() -> None:
    data = phantoms(CPU)
    values = by_channel([data.normalise(part) for (part,) in data.splits["train"].crops()])
    assert abs(float(values.mean())) < 1e-5
    assert abs(float(values.std()) - 1) < 1e-3
