"""A lower bound for the memory of a training, computed from the network's section without torch.

Each function follows one sample through a network of `workers.training.networks` and adds up what
autograd keeps of it until the backward pass: the inputs of convolutions and of batch normalisation
and the outputs of ReLUs, which overwrite their inputs; of a max-pooling its input and an index of
8 bytes for each output. Memory of the libraries themselves is left out, so that the sums are lower
bounds; tests/integration/service/networks/footprints_test.py compares them with measured peaks
(within a factor of 2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from service.networks.sections import AnyNetwork, DnCnn, NafNet, ResNet, SmallCnn, UNet, Vgg

# An index of a max-pooling, in values of 4 bytes.
_INDEX = 2
# Of `workers.training.networks.vgg`: channels double up to this many times the first stage's.
_MOST_WIDENING = 8
# Feature maps of a NAFNet's block that are kept, in its channels: 9 of the spatial branch, 6 of
# the channel branch.
_NAF_MAPS = 15


@dataclass(slots=True)
class Footprint:
    """Counts of values of 4 bytes.

    Attributes:
        n_parameters: Of the network.
        kept: Kept so far for one sample.
        most: Peak of a training step for one sample: the values kept up to some layer, and the
            gradients there.
        widest: Largest feature map of one sample.
    """

    n_dims: int
    n_parameters: int = 0
    kept: int = field(default=0)
    most: int = 0
    widest: int = 0

    def convolve(
        self, n_in: int, n_out: int, size: int, *, groups: int = 1, has_bias: bool = False
    ) -> None:
        """Add a convolution's parameters; `keep` adds its output."""
        self.n_parameters += n_in // groups * n_out * size**self.n_dims + n_out * has_bias

    def keep(self, n_channels: int, side: int, n_maps: int = 1, n_gradients: int = 1) -> None:
        """Add `n_maps` feature maps of a sample, and `n_gradients` gradients of them."""
        values = n_channels * side**self.n_dims
        self.kept += n_maps * values
        self.most = max(self.most, self.kept + n_gradients * values)
        self.widest = max(self.widest, values)

    def normalised(self, n_in: int, n_out: int, size: int, side: int) -> None:
        """Add a convolution, batch normalisation and ReLU."""
        self.convolve(n_in, n_out, size)
        self.n_parameters += 2 * n_out
        self.keep(n_out, side, n_maps=2, n_gradients=2)

    def pool(self, n_channels: int, side: int) -> None:
        """Add a max-pooling, by its outputs of this side."""
        self.keep(n_channels, side, n_maps=1 + _INDEX)


def _small_cnn(section: SmallCnn, found: Footprint, n_in: int, n_out: int, side: int) -> None:
    n_pools = max(side.bit_length() - 2, 0)
    for index, size in enumerate(section.kernel_sizes):
        found.convolve(n_in, section.width, size, has_bias=True)
        found.keep(section.width, side)
        if index < n_pools:
            side //= 2
            found.pool(section.width, side)
        n_in = section.width
    found.convolve(n_in, n_out, 1, has_bias=True)


def _dncnn(section: DnCnn, found: Footprint, n_in: int, n_out: int, side: int) -> None:
    first, *middle, last = section.kernel_sizes
    width = section.width
    found.convolve(n_in, width, first, has_bias=True)
    found.keep(width, side)
    for size in middle:
        found.normalised(width, width, size, side)
    found.convolve(width, n_out, last, has_bias=True)
    found.keep(n_out, side)


def _vgg(section: Vgg, found: Footprint, n_in: int, n_out: int, side: int) -> None:
    for stage, size in enumerate(section.kernel_sizes):
        width = section.width * min(2**stage, _MOST_WIDENING)
        for _ in range((section.depth + stage) // section.n_stages):
            found.normalised(n_in, width, size, side)
            n_in = width
        side //= 2
        found.pool(width, side)
    found.convolve(n_in, n_out, 1, has_bias=True)


def _resnet(section: ResNet, found: Footprint, n_in: int, n_out: int, side: int) -> None:
    found.normalised(n_in, section.width, section.kernel_sizes[0], side)
    n_in = section.width
    for stage, size in enumerate(section.kernel_sizes):
        width = section.width * 2**stage
        for block in range(section.depth):
            if stage > 0 and block == 0:
                side = -(-side // 2)
            found.normalised(n_in, width, size, side)
            found.normalised(width, width, size, side)
            if n_in != width:
                found.convolve(n_in, width, 1)
                found.keep(width, side)
            n_in = width
    found.convolve(n_in, n_out, 1, has_bias=True)


def _unet(section: UNet, found: Footprint, n_in: int, n_out: int, side: int) -> None:
    widths = [section.width * 2**stage for stage in range(section.n_stages)]
    side = _padded(side, section.n_stages)
    for stage, (width, size) in enumerate(zip(widths, section.kernel_sizes, strict=True)):
        if stage > 0:
            side //= 2
            found.pool(n_in, side)
        for _ in range(section.depth):
            found.normalised(n_in, width, size, side)
            n_in = width
    ascent = zip(pairwise(reversed(widths)), reversed(section.kernel_sizes[:-1]), strict=True)
    for (below, here), size in ascent:
        side *= 2
        found.convolve(below, 4 * here, 1)
        found.keep(2 * here, side)  # the concatenation
        for n_from in (2 * here, *[here] * (section.depth - 1)):
            found.normalised(n_from, here, size, side)
    found.convolve(section.width, n_out, 1, has_bias=True)
    found.keep(n_out, side)


def _nafnet(section: NafNet, found: Footprint, n_in: int, n_out: int, side: int) -> None:
    widths = [section.width * 2**stage for stage in range(section.n_stages)]
    sizes = section.kernel_sizes
    side = _padded(side, section.n_stages)
    found.convolve(n_in, section.width, sizes[0], has_bias=True)
    found.keep(section.width, side)
    for (here, below), size in zip(pairwise(widths), sizes, strict=False):
        _naf_blocks(found, section.depth, here, size, side)
        found.keep(here, side)  # its pixels rearranged
        side //= 2
        found.convolve(4 * here, below, 1, has_bias=True)
        found.keep(below, side)
    _naf_blocks(found, section.depth, widths[-1], sizes[-1], side)
    for (below, here), size in zip(pairwise(reversed(widths)), sizes[-2::-1], strict=True):
        side *= 2
        found.convolve(below, 4 * here, 1)
        found.keep(here, side)
        _naf_blocks(found, section.depth, here, size, side)
    found.convolve(section.width, n_out, sizes[0], has_bias=True)
    found.keep(n_out, side)


def _naf_blocks(found: Footprint, depth: int, width: int, size: int, side: int) -> None:
    for _ in range(depth):
        found.convolve(width, 2 * width, 1, has_bias=True)
        found.convolve(2 * width, 2 * width, size, groups=2 * width, has_bias=True)
        found.convolve(width, width, 1, has_bias=True)
        found.convolve(width, width, 1, has_bias=True)
        found.convolve(width, 2 * width, 1, has_bias=True)
        found.convolve(width, width, 1, has_bias=True)
        found.n_parameters += 6 * width
        found.keep(width, side, n_maps=_NAF_MAPS)


def _padded(side: int, n_stages: int) -> int:
    """Return the side that a network of several scales pads its images to."""
    factor = 1 << (n_stages - 1)
    return -(-side // factor) * factor


_COUNTS: Mapping[str, Callable[[Any, Footprint, int, int, int], None]] = MappingProxyType(
    {
        "small_cnn": _small_cnn,
        "vgg": _vgg,
        "resnet": _resnet,
        "dncnn": _dncnn,
        "unet": _unet,
        "nafnet": _nafnet,
    }
)


def footprint_of(
    network: AnyNetwork, n_channels: int, n_outputs: int, side: int, n_dims: int
) -> Footprint | None:
    """Count the values that a training of a network holds.

    Args:
        network: Its section.
        n_channels: Of a sample.
        n_outputs: Classes, labels or channels of the output.
        side: Of a sample, px.
        n_dims: Axes of a sample, 1 to 3.

    Returns:
        The counts, None for a network that a package brings.
    """
    count = _COUNTS.get(network.kind)
    if count is None:
        return None
    found = Footprint(n_dims)
    count(network, found, n_channels, n_outputs, side)
    return found
