"""The values that trainings keep, counted by hand."""

from __future__ import annotations

import pytest

from service import networks
from service.networks.footprints import Footprint, footprint_of


def count(kind: str, side: int = 8, n_dims: int = 2, **settings: object) -> Footprint:
    section = networks.describe(kind).section.model_validate({"kind": kind, **settings})
    found = footprint_of(section, 1, 1, side, n_dims)
    assert found is not None
    return found


def test_a_dncnn_keeps_two_maps_of_each_normalised_convolution() -> None:
    found = count("dncnn", depth=4, width=3)
    pixels = 8 * 8
    assert found.kept == (1 + 2 + 2) * 3 * pixels + pixels
    # At the last batch normalisation its gradient and the convolution's are there, too.
    assert found.most == (1 + 2 + 2 + 2) * 3 * pixels
    assert found.widest == 3 * pixels
    # Two convolutions with a bias, two with batch normalisation.
    assert found.n_parameters == (27 + 3) + 2 * (81 + 6) + (27 + 1)


def test_a_pooling_keeps_indices_of_8_bytes() -> None:
    found = count("small_cnn", depth=1, width=2)
    assert found.kept == 2 * 64 + 3 * 2 * 16


def test_images_are_padded_to_what_the_scales_divide() -> None:
    assert count("unet", side=9, n_stages=3).kept == count("unet", side=12, n_stages=3).kept


@pytest.mark.parametrize("kind", ["small_cnn", "vgg", "resnet", "dncnn", "unet", "nafnet"])
def test_more_of_anything_needs_more(kind: str) -> None:
    least = count(kind, side=16, width=4)
    assert count(kind, side=32, width=4).most > least.most
    assert count(kind, side=16, width=8).most > least.most
    assert count(kind, side=16, width=8).n_parameters > least.n_parameters
    deep = {"depth": 6}
    assert count(kind, side=16, width=4, **deep).n_parameters > least.n_parameters


@pytest.mark.parametrize("n_dims", [1, 2, 3])
def test_values_follow_the_number_of_axes(n_dims: int) -> None:
    found = count("dncnn", side=4, n_dims=n_dims, depth=2, width=1)
    assert found.widest == 4**n_dims
