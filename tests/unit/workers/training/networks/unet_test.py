"""U-Net against the number of parameters that is published, and on images of any size."""

from __future__ import annotations

import torch

from tests.support.networks import UNET, built, convolutions, n_parameters
from workers.training.networks.unet import UNetModule

# Pytorch-UNet with three channels in and one out. There the up-convolutions have a bias for each
# of their 512 + 256 + 128 + 64 channels; ours have none.
PUBLISHED = 31_037_633


def test_unet_has_the_published_size() -> None:
    with torch.device("meta"):
        network = UNetModule(3, 1, depth=2, width=64, kernel_sizes=[3] * 5)
    assert n_parameters(network) == PUBLISHED - 960
    # The paper counts 23 convolutions, the four up-convolutions among them.
    assert len(convolutions(network)) == 23


def test_unet_of_one_scale_is_a_chain() -> None:
    network = built({**UNET, "n_stages": 1, "depth": 3, "width": 2})
    # Kernels of 1*2*9, twice 2*2*9, three batch norms of two vectors, and the 1x1 head.
    assert n_parameters(network) == 18 + 36 + 36 + 3 * 4 + 3
    assert network(torch.rand(1, 1, 5, 3)).shape == (1, 1, 5, 3)


def test_every_scale_reaches_the_output() -> None:
    """What a pixel changes reaches as far as the coarsest scale sees, not further."""
    network = built({**UNET, "depth": 1, "n_stages": 3}).eval()
    images = torch.zeros(2, 1, 64, 64)
    images[1, 0, 32, 32] = 1.0
    with torch.no_grad():
        plain, changed = network(images)[:, 0]
    rows = torch.nonzero((plain != changed).any(dim=1)).flatten()
    # Two convolutions of the finest scale alone reach 2 px; the coarsest has cells of 4 px.
    assert 4 < int(rows.max()) - 32 <= 1 + 2 + 4 + 4 + 2 + 1 + 3
