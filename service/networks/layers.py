"""Layers of a network that carry a density, derived from its section, without torch.

Each function lists the convolutions above 1x1 of one kind, in the order in which
`torch.nn.Module.named_modules` gives them; `layers_table_test.py` of the workers' unit tests holds
the lists to the modules.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from densearch.plugins.layer import Layer
from service.networks.sections import DnCnn, NafNet, ResNet, SmallCnn, UNet, Vgg


def small_cnn(section: SmallCnn) -> Iterator[Layer]:
    """Yield the convolutions of a small CNN."""
    for index, size in enumerate(section.kernel_sizes):
        yield Layer(f"features.{index}.0", size)


def dncnn(section: DnCnn) -> Iterator[Layer]:
    """Yield the convolutions of a DnCNN: all but the first and the last are normalised."""
    for index, size in enumerate(section.kernel_sizes):
        yield Layer(str(max(3 * index - 1, 0)), size)


def vgg(section: Vgg) -> Iterator[Layer]:
    """Yield the convolutions of a VGG; a pooling follows each stage."""
    place = 0
    for stage, size in enumerate(section.kernel_sizes):
        for _ in range((section.depth + stage) // section.n_stages):
            yield Layer(f"features.{place}.0", size, stage + 1)
            place += 1
        place += 1


def resnet(section: ResNet) -> Iterator[Layer]:
    """Yield the convolutions of a ResNet; the first belongs to the first stage."""
    yield Layer("features.0.0", section.kernel_sizes[0], 1)
    for stage, size in enumerate(section.kernel_sizes):
        for block in range(section.depth):
            place = 1 + stage * section.depth + block
            for part in (0, 3):
                yield Layer(f"features.{place}.residual.{part}", size, stage + 1)


def unet(section: UNet) -> Iterator[Layer]:
    """Yield the convolutions of a U-Net: those of each scale down, then up again."""
    yield from _down("encoder.{}.{}.0", section.depth, section.kernel_sizes)
    yield from _up("decoder.{}.{}.0", section.depth, section.kernel_sizes)


def nafnet(section: NafNet) -> Iterator[Layer]:
    """Yield the depthwise convolutions of a NAFNet, between its first and its last one."""
    depth, sizes = section.depth, section.kernel_sizes
    yield Layer("first", sizes[0], 1)
    yield from _down("encoder.{}.{}.spatial.2", depth, sizes[:-1])
    for block in range(depth):
        yield Layer(f"middle.{block}.spatial.2", sizes[-1], len(sizes))
    yield from _up("decoder.{}.{}.spatial.2", depth, sizes)
    yield Layer("last", sizes[0], 1)


def _down(name: str, depth: int, sizes: Sequence[int]) -> Iterator[Layer]:
    for place, size in enumerate(sizes):
        for block in range(depth):
            yield Layer(name.format(place, block), size, place + 1)


def _up(name: str, depth: int, sizes: Sequence[int]) -> Iterator[Layer]:
    """Yield what follows the coarsest scale, which is passed once."""
    for place, size in enumerate(reversed(sizes[:-1])):
        for block in range(depth):
            yield Layer(name.format(place, block), size, len(sizes) - 1 - place)
