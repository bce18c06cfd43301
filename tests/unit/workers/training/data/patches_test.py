"""Patches of arrays made here: windows of their samples, from every place, read or held."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from service.datasets.store.reader import Samples
from tests.support.dispatched import Dispatched
from workers.training.data import patches as patches_module
from workers.training.data.patches import (
    CROP_PX,
    N_CROPS,
    HeldImages,
    MappedImages,
    PatchSource,
)
from workers.training.data.tiles import MOST_PX
from workers.training.generators import generator

CPU = torch.device("cpu")
# By the number of axes: the sides of two samples, and of a patch.
SIDES: dict[int, tuple[list[tuple[int, ...]], int]] = {
    1: ([(12,), (7,)], 5),
    2: ([(9, 12), (7, 6)], 5),
    3: ([(4, 5, 6), (6, 4, 4)], 3),
}
ImagesOf = list[NDArray[np.float32]]


def numbered(sides: Sequence[tuple[int, ...]], n_channels: int = 2) -> ImagesOf:
    """Number every value of every sample, so that a window names its place."""
    arrays, start = [], 0
    for of_one in sides:
        size = n_channels * int(np.prod(of_one))
        arrays.append(np.arange(start, start + size, dtype=np.float32).reshape(-1, *of_one))
        start += size
    return arrays


def mapped(images: ImagesOf) -> MappedImages:
    shapes = np.array([image.shape for image in images])
    starts = np.concatenate([[0], np.cumsum(shapes.prod(axis=1))])
    values = np.concatenate([image.ravel() for image in images])
    return MappedImages(Samples(values, shapes, starts), np.arange(len(images)), CPU)


def unchanged(values: Tensor) -> Tensor:
    return values


def source(images: ImagesOf) -> PatchSource:
    return PatchSource([HeldImages(images, CPU)], [unchanged])


@pytest.mark.parametrize("n_dims", SIDES)
def test_patches_are_windows_of_their_samples_and_reach_every_corner(n_dims: int) -> None:
    sides, size = SIDES[n_dims]
    images = numbered(sides)
    windows = {
        image[:, *(slice(first, first + size) for first in corner)].tobytes()
        for image in images
        for corner in product(*(range(side - size + 1) for side in image.shape[1:]))
    }
    drawn = [batch for (batch,) in source(images).batches(1000, 64, size, generator(0))]
    assert [len(batch) for batch in drawn] == [64] * 15 + [40]
    assert {patch.numpy().tobytes() for patch in torch.cat(drawn)} == windows


@pytest.mark.parametrize("n_dims", SIDES)
def test_a_file_gives_the_same_patches_as_the_device(n_dims: int) -> None:
    sides, size = SIDES[n_dims]
    images = numbered(sides)
    from_file = PatchSource([mapped(images)], [unchanged])
    for (held,), (read,) in zip(
        source(images).batches(70, 16, size, generator(5)),
        from_file.batches(70, 16, size, generator(5)),
        strict=True,
    ):
        assert torch.equal(held, read)
    for (held,), (read,) in zip(source(images).crops(), from_file.crops(), strict=True):
        assert torch.equal(held, read)
    tiles = zip(source(images).tiles(), from_file.tiles(), strict=True)
    for (_, tile, (held,)), (_, same, (read,)) in tiles:
        assert tile == same
        assert torch.equal(held, read)


def test_inputs_and_targets_come_from_the_same_places() -> None:
    inputs = numbered([(9, 12), (7, 6)])
    targets = [-image[:1] for image in inputs]
    pairs = PatchSource([HeldImages(inputs, CPU), mapped(targets)], [unchanged, unchanged])
    for one, other in pairs.batches(100, 32, 4, generator(1)):
        assert torch.equal(one[:, :1], -other)
    for one, other in [*pairs.crops(), *(boxes for _, _, boxes in pairs.tiles())]:
        assert torch.equal(one[:, :1], -other)


@pytest.mark.parametrize("seed", [0, 2**53, 2**64 - 1])
def test_patches_follow_the_order_stream(seed: int) -> None:
    images = numbered([(20, 20)])
    first, second = (
        torch.cat([p for (p,) in source(images).batches(30, 8, 4, generator(seed))])
        for _ in range(2)
    )
    assert torch.equal(first, second)


def test_crops_hold_whole_samples_where_these_are_small() -> None:
    images = numbered([(8, 8, 8)] * 5)
    ((crops,),) = source(images).crops()
    assert torch.equal(crops, torch.from_numpy(np.stack(images)))


@pytest.mark.parametrize("n", [3, 32, 33, 48, 63, 64])
def test_no_sample_is_left_out_of_the_crops(n: int) -> None:
    sides: list[tuple[int, ...]] = [(98, 97) if number == 0 else (97, 100) for number in range(n)]
    ((crops,),) = source(numbered(sides, 1)).crops()
    ends = np.cumsum([np.prod(own) for own in sides])
    counts = np.bincount(
        np.searchsorted(ends, crops[:, 0, 0, 0].numpy(), side="right"), minlength=n
    )
    assert counts.sum() == N_CROPS
    assert counts.max() - counts.min() <= 1


def test_a_small_sample_makes_no_other_crop_smaller() -> None:
    sides: Sequence[tuple[int, ...]] = [(200, 200)] * 49 + [(17, 120)]
    (small,), (large,) = source(numbered(sides, 1)).crops()
    assert small.shape[1:] == (1, 17, CROP_PX[2])
    assert large.shape[1:] == (1, CROP_PX[2], CROP_PX[2])
    assert len(small) + len(large) == N_CROPS
    # The same places as without it.
    (without,) = (crops for (crops,) in source(numbered(sides[:49], 1)).crops())
    assert without.shape == (N_CROPS, *large.shape[1:])


def test_crops_are_many_where_samples_are_large_or_many() -> None:
    ((few,),) = source(numbered([(120, 100), (97, 200)], 1)).crops()
    assert few.shape == (N_CROPS, 1, CROP_PX[2], CROP_PX[2])
    assert len({crop.numpy().tobytes() for crop in few}) > N_CROPS / 2
    many = numbered([(6, 6)] * 1000, 1)
    ((spaced,),) = source(many).crops()
    assert spaced.shape == (N_CROPS, 1, 6, 6)
    # Evenly spaced from the first to the last.
    numbers = spaced[:, 0, 0, 0] / 36
    assert (int(numbers[0]), int(numbers[-1])) == (0, 999)
    assert int(numbers.diff().max()) <= 1000 // N_CROPS + 1


def test_every_pixel_of_every_sample_is_in_one_core() -> None:
    sides: list[tuple[int, ...]] = [(20, 30), (700, 500), (20, 30), (1, 5), (90, 2000)]
    images = numbered(sides, 1)
    seen = []
    for numbers, tile, (boxes,) in source(images).tiles():
        for number, box in zip(numbers.tolist(), boxes, strict=True):
            assert tile.sides == sides[number]
            assert torch.equal(box, torch.from_numpy(images[number][:, *tile.window]))
            seen.append(images[number][:, *tile.core].ravel())
    values = np.sort(np.concatenate(seen))
    assert np.array_equal(values, np.arange(sum(np.prod(own) for own in sides)))


def test_small_samples_are_judged_together_and_no_window_is_large() -> None:
    sides: Sequence[tuple[int, ...]] = [(40, 40), (30, 30)] * 50 + [(800, 800)]
    shapes = [boxes.shape for _, _, (boxes,) in source(numbered(sides, 1)).tiles()]
    assert shapes[:2] == [(50, 1, 30, 30), (50, 1, 40, 40)]
    assert len(shapes) == 2 + 16
    assert max(shape.numel() for shape in shapes) <= MOST_PX[2]


@pytest.mark.parametrize("n_dims", SIDES)
def test_an_epochs_places_are_moved_to_the_device_at_once(n_dims: int) -> None:
    """The meta device stands for a GPU: its tensors have no values, and copies to it are seen."""
    sides, size = SIDES[n_dims]
    images = HeldImages(numbered(sides), torch.device("meta"))
    patches = PatchSource([images, images], [unchanged] * 2)
    for n_batches in (1, 9):
        with Dispatched() as dispatched:
            batches = list(patches.batches(8 * n_batches, 8, size, generator(0)))
        assert len(batches) == n_batches
        assert {cubes.device.type for batch in batches for cubes in batch} == {"meta"}
        copies = [call for call in dispatched.calls if len(call.devices) > 1]
        assert [call.name for call in copies] == ["_to_copy"] * 2  # of inputs and of targets


@pytest.mark.parametrize("at_once", [1, 20, 2**16])
def test_places_drawn_ahead_are_those_drawn_batch_by_batch(
    monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(patches_module, "PLACES_AT_ONCE", at_once)
    images = numbered([(9, 12), (7, 6)])
    order, expected = generator(3), generator(3)
    for _ in range(2):  # an epoch goes on where the last one ended
        for (batch,) in source(images).batches(50, 8, 5, order):
            chosen = torch.randint(2, (len(batch),), generator=expected)
            room = torch.tensor([[5, 8], [3, 2]])[chosen]
            share = torch.rand(room.shape, generator=expected, dtype=torch.float64)
            for patch, number, (top, left) in zip(
                batch, chosen.tolist(), (share * room).long().tolist(), strict=True
            ):
                window = images[number][:, top : top + 5, left : left + 5]
                assert np.array_equal(patch.numpy(), window)
