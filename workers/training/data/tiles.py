"""Tiles of bounded size for samples of any size, so that each pixel is evaluated once.

A network's input is a window; its output is evaluated on the window's core. The context around the
core makes a pixel's output equal to that of the whole sample, if no output depends on inputs
further away than `CONTEXT_PX` less the margin of a metric. Windows begin at multiples of 16 px (64
for images), so that networks which downsample by 2 have the same grid. Networks with a larger
receptive field, or with global averages, see the window alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType

from workers.training.device_memory import judged_times

# By the number of axes: a forward pass has at most as many pixels as 16 crops of a search.
MOST_PX: Mapping[int, int] = MappingProxyType({1: 16_384, 2: 147_456, 3: 524_288})
WINDOW_PX: Mapping[int, int] = MappingProxyType({1: 16_384, 2: 384, 3: 80})
CONTEXT_PX: Mapping[int, int] = MappingProxyType({1: 2_048, 2: 64, 3: 16})


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of samples of one size; slices are of a whole sample's axes, without the channels.

    Attributes:
        sides: Of the samples.
        window: What a network is given.
        core: What is judged of it.
    """

    sides: tuple[int, ...]
    window: tuple[slice, ...]
    core: tuple[slice, ...]

    @property
    def window_sides(self) -> tuple[int, ...]:
        """The sides of the window."""
        return tuple(along.stop - along.start for along in self.window)

    def inner(self, border_px: int) -> tuple[slice, ...] | None:
        """Return the core without the outermost pixels of the sample; None if nothing is left."""
        found = tuple(
            slice(max(along.start, border_px), min(along.stop, side - border_px))
            for along, side in zip(self.core, self.sides, strict=True)
        )
        return found if all(along.start < along.stop for along in found) else None

    def around(self, region: Sequence[slice], margin_px: int) -> tuple[slice, ...]:
        """Return a region with a margin, as far as the sample goes."""
        return tuple(
            slice(max(along.start - margin_px, 0), min(along.stop + margin_px, side))
            for along, side in zip(region, self.sides, strict=True)
        )


def n_at_once(sides: Sequence[int], total_bytes: int | None = None) -> int:
    """Return how many windows of these sides are judged together, at least 1.

    Args:
        sides: Of a window.
        total_bytes: The memory of a GPU, see `workers.training.device_memory`; None on a CPU.
    """
    most_px = MOST_PX[len(sides)]
    return max(1, most_px * judged_times(total_bytes, most_px) // math.prod(sides))


def whole(sides: Sequence[int]) -> Tile:
    """Return the tile that is a whole sample."""
    everything = tuple(slice(0, side) for side in sides)
    return Tile(tuple(sides), everything, everything)


def tiles_of(sides: Sequence[int]) -> list[Tile]:
    """Return tiles whose cores share out samples of these sides: one if it is small enough."""
    n_dims = len(sides)
    if math.prod(sides) <= MOST_PX[n_dims]:
        return [whole(sides)]
    axes = [_parts(side, WINDOW_PX[n_dims], CONTEXT_PX[n_dims]) for side in sides]
    return [
        Tile(tuple(sides), tuple(window for window, _ in parts), tuple(core for _, core in parts))
        for parts in product(*axes)
    ]


def _parts(side: int, window_px: int, context_px: int) -> list[tuple[slice, slice]]:
    """Return windows and cores along one axis."""
    if side <= window_px:
        return [(slice(0, side), slice(0, side))]
    core_px = window_px - 2 * context_px
    return [
        (
            slice(max(start - context_px, 0), min(start + core_px + context_px, side)),
            slice(start, min(start + core_px, side)),
        )
        for start in range(0, side, core_px)
    ]


def within(part: Sequence[slice], whole: Sequence[slice]) -> tuple[slice, ...]:
    """Return a part of a sample by slices of a larger part that holds it."""
    return tuple(
        slice(along.start - of.start, along.stop - of.start)
        for along, of in zip(part, whole, strict=True)
    )
