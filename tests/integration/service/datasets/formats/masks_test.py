"""Images and masks of class numbers: what is stored of them, and what is refused."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from service.datasets.store.reader import IGNORED, StoredDataset
from service.errors import InvalidDatasetError
from service.tasks.registry import TASKS, kind_for
from tests.support.datasets import making

SIDES = (12, 10)
Files = dict[str, bytes]


def mask(seed: int, n_classes: int = 3, sides: tuple[int, int] = SIDES) -> NDArray[np.uint8]:
    found = np.random.default_rng(seed).integers(n_classes, size=sides).astype(np.uint8)
    found[0, :n_classes] = np.arange(n_classes)
    found[1, 0] = IGNORED
    return found


def png(values: NDArray[Any], mode: str | None = None, form: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    image = Image.fromarray(values)
    if mode == "P":
        image = Image.fromarray(values)
        image.putpalette(np.random.default_rng(0).integers(256, size=768).tolist())
    elif mode is not None:
        image = image.convert(mode)
    image.save(buffer, form)
    return buffer.getvalue()


def files(n: int = 8, mode: str | None = None, n_classes: int = 3) -> Files:
    found = {f"images/{i}.jpg": making.image(i, (*SIDES, 3), "JPEG") for i in range(n)}
    return found | {f"masks/{i}.png": png(mask(i, n_classes), mode) for i in range(n)}


def targets(stored: StoredDataset) -> list[NDArray[Any]]:
    return [stored.target(row) for row in range(len(stored.inputs))]


@pytest.mark.parametrize("mode", [None, "P"])
def test_masks_keep_their_numbers_in_grey_and_with_a_palette(
    imported: Callable[..., Any], mode: str | None
) -> None:
    found, stored = imported(making.zipped(files(mode=mode)), convert="grey")
    assert (found.format, found.manifest["kind"]) == ("masks", "pairs")
    assert found.manifest["classes"] == ["0", "1", "2"]
    assert found.class_counts is None
    assert stored.inputs.shapes[0].tolist() == [1, *SIDES]
    for index, values in enumerate(targets(stored)):
        assert values.dtype == np.uint8
        np.testing.assert_array_equal(values[0], mask(index))
    assert kind_for(found.manifest) == "segmentation"
    assert TASKS["segmentation"].n_outputs(found.manifest) == 3


def test_one_bit_is_two_classes_and_classes_have_names(imported: Callable[..., Any]) -> None:
    sent = files(mode=None, n_classes=2) | {"classes.txt": b"ground\nroad\n"}
    for i in range(8):
        sent[f"masks/{i}.png"] = png(mask(i, 2) == 1)
    found, stored = imported(making.zipped({f"set/{name}": one for name, one in sent.items()}))
    assert found.manifest["classes"] == ["ground", "road"]
    np.testing.assert_array_equal(stored.target(0)[0], mask(0, 2) == 1)


def test_scaling_invents_no_classes(imported: Callable[..., Any]) -> None:
    _, stored = imported(making.zipped(files()), size_px=7)
    assert {int(v) for t in targets(stored) for v in np.unique(t)} <= {0, 1, 2, IGNORED}
    assert stored.target(0).shape == (1, 7, 7)


@pytest.mark.parametrize("has_channel", [False, True])
def test_arrays_of_masks_are_the_same(imported: Callable[..., Any], has_channel: bool) -> None:
    masks = np.stack([mask(i) for i in range(8)]).astype(np.int64)
    inputs = np.random.default_rng(0).random((8, *SIDES)).astype(np.float32)
    sent = masks[:, None] if has_channel else masks
    found, stored = imported(making.npz(inputs=inputs, masks=sent, classes=["a", "b", "c"]))
    assert found.manifest["classes"] == ["a", "b", "c"]
    np.testing.assert_array_equal(np.stack(targets(stored))[:, 0], masks)
    assert stored.targets is not None
    assert stored.targets.dtype == np.uint8


def changed(**others: bytes) -> Files:
    return files() | {f"{name.replace('__', '/')}.png": one for name, one in others.items()}


@pytest.mark.parametrize(
    ("sent", "field", "reason"),
    [
        (
            changed(masks__3=png(64 * mask(0, 2))),
            "masks/3.png",
            "the value 192, but classes are 0 to 4",
        ),
        (
            changed(masks__3=png(mask(0, 4))) | {"classes.txt": b"a\nb\nc\n"},
            "masks/3.png",
            "holds the value 3, but classes are 0 to 2",
        ),
        (
            changed(masks__3=png(mask(0)[:, 1:])),
            "images/3.jpg",
            "the input is 12x10, its target 12x9",
        ),
        (changed(masks__3=png(mask(0), "RGB")), "masks/3.png", "of the kind RGB"),
        (changed(masks__9=png(mask(0))), "masks/9.png", "has no image of the same name"),
        (changed(images__9=png(mask(0))), "images/9.png", "has no mask of the same name"),
        (changed(masks__3=b"nothing"), "masks/3.png", "cannot be decoded"),
        (
            {name.replace("png", "jpg"): one for name, one in files().items()}
            | {"masks/3.jpg": png(mask(0), form="JPEG")},
            "masks/3.jpg",
            "is a JPEG",
        ),
        (
            {
                n: one if "image" in n else png(np.uint8(255) * (mask(0) == 1))
                for n, one in files().items()
            },
            "masks",
            "hold only the class 0",
        ),
        (files() | {"classes.txt": b"a\na\n"}, "classes.txt", "each another way"),
        (files() | {"others/1.png": png(mask(0))}, "others/1.png", "neither below images/ nor"),
    ],
)
def test_what_is_no_mask_is_refused_by_its_name(
    imported: Callable[..., Any], sent: Files, field: str, reason: str
) -> None:
    with pytest.raises(InvalidDatasetError) as caught:
        imported(making.zipped(sent), format="masks")
    assert field in str(caught.value)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"masks": np.full((8, *SIDES), 300)}, "masks[0]: holds 300"),
        ({"masks": np.full((8, *SIDES), -1)}, "masks[0]: holds -1"),
        ({"masks": np.zeros((8, *SIDES))}, "masks: should be whole numbers"),
        ({"masks": np.zeros((7, *SIDES), int)}, "has 7 rows, inputs have 8"),
        ({"masks": np.zeros((8, *SIDES), int)}, "hold only the class 0"),
        (
            {"masks": np.eye(12, dtype=int)[None].repeat(8, 0)},
            "the input is 12x10, its target 12x12",
        ),
        ({"masks": np.ones((8, *SIDES), int), "labels": np.zeros(8, int)}, "either this or masks"),
        ({"masks": np.arange(8 * 240).reshape(8, 2, *SIDES) % 2}, "mask of 2 channels"),
    ],
)
def test_arrays_that_are_no_masks_are_refused(
    imported: Callable[..., Any], arrays: dict[str, NDArray[Any]], reason: str
) -> None:
    inputs = np.zeros((8, *SIDES), np.uint8)
    with pytest.raises(InvalidDatasetError) as caught:
        imported(making.npz(inputs=inputs, **arrays))
    assert reason in str(caught.value)
