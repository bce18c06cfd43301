"""Images and masks of class numbers: ``images/1.png``, ``masks/1.png``; or arrays of both.

The arrays are ``np.savez("set.npz", inputs=..., masks=...)``. It is stored as pairs with classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from service.datasets.faults import Faults
from service.datasets.formats import npz
from service.datasets.formats.array_names import arrays_in, parts_of
from service.datasets.formats.layout import image_paths, laid_out
from service.datasets.formats.npy import WHOLE, header_of, rows, texts, whole
from service.datasets.formats.partners import Side, partners, tops
from service.datasets.formats.tables import MAX_TABLE_BYTES, split_off
from service.datasets.options import ImportOptions
from service.datasets.samples import Sample, Source, closed
from service.datasets.sources.entries import SourceEntry, shown, unwrapped
from service.datasets.sources.images import MAX_FILE_BYTES, opened, orientation_of, turned
from service.datasets.store.reader import IGNORED
from service.errors import InvalidDatasetError

TITLE = "images and masks folders"
INPUTS = Side(frozenset({"image", "images", "input", "inputs"}), "images", "image")
MASKS = Side(frozenset({"mask", "masks"}), "masks", "mask")
CLASSES = "classes.txt"
# Files of bilevel, grey or palette images that keep every value.
_MODES, _LOSSLESS = frozenset({"1", "L", "P"}), frozenset({"PNG", "BMP", "PPM"})

Mask = NDArray[np.uint8]
# Reads all masks, with the name of each.
Reader = Callable[[], Iterator[tuple[str, Mask]]]


def fits(entries: Sequence[SourceEntry]) -> bool:
    """Whether there are folders of images and of masks and no others, or an array of masks."""
    if arrays := arrays_in(entries):
        return any(entry.stem == "masks" for entry in arrays)
    try:
        found = tops(image_paths(entries))
    except InvalidDatasetError:  # files of another format
        return False
    has_both = bool(found & INPUTS.names) and bool(found & MASKS.names)
    return has_both and found <= INPUTS.names | MASKS.names


def read(entries: Sequence[SourceEntry], options: ImportOptions, faults: Faults) -> Source:
    """Read images and masks. Masks are read twice: what classes there are is known first.

    Raises:
        InvalidDatasetError: An image has no mask, or one no image; a value is no class.
    """
    return _arrays(entries, options) if arrays_in(entries) else _folders(entries, options, faults)


# Files


def _folders(entries: Sequence[SourceEntry], options: ImportOptions, faults: Faults) -> Source:
    rest, table = split_off(unwrapped(list(entries)), CLASSES)
    layout = laid_out(rest, faults, options.encoding)
    found = partners(layout, INPUTS, MASKS, "add it", faults)
    if not found.inputs:
        faults.refuse()

    def all_masks() -> Iterator[tuple[str, Mask]]:
        for key in sorted(found.targets):
            entry = found.targets[key].entry
            yield entry.name, _mask(entry, options.size_px)

    names = None if table is None else _lines(table)
    classes = _classes(all_masks, names, CLASSES)
    samples = found.samples(options, lambda entry: _mask(entry, options.size_px), faults)
    n_samples = len(found.inputs)
    return Source("pairs", 2, samples, classes, layout.left_out, n_samples=n_samples)


def _mask(entry: SourceEntry, size_px: int | None) -> Mask:
    """Return a mask's values, (1, H, W): of a palette the indices. Scaling invents none."""
    content = entry.read(MAX_FILE_BYTES)
    with opened(entry.name, content, entry.max_pixels) as image:
        if image.format not in _LOSSLESS or image.mode not in _MODES:
            raise InvalidDatasetError(
                entry.name,
                f"is a {image.format} of the kind {image.mode}: give a mask as a PNG in grey or "
                "with a palette, whose values are class numbers",
            )
        upright = turned(image, orientation_of(image))
        if size_px is not None:
            upright = ImageOps.fit(upright, (size_px, size_px), Image.Resampling.NEAREST)
        return np.asarray(upright).astype(np.uint8)[np.newaxis]


def _lines(table: SourceEntry) -> list[str]:
    text = table.read(MAX_TABLE_BYTES).decode("utf-8", "replace")
    return [line.strip() for line in text.splitlines() if line.strip()]


# Arrays


def _arrays(entries: Sequence[SourceEntry], options: ImportOptions) -> Source:
    parts = parts_of(entries)
    by_name = parts[0].arrays
    if len(parts) > 1 or "masks" not in by_name:
        raise InvalidDatasetError("masks", "this array is missing, or is there for each split")
    for other in ("labels", "targets"):
        if other in by_name:
            raise InvalidDatasetError(other, "give either this or masks")
    masks, names = by_name.pop("masks"), by_name.pop("classes", None)
    if header_of(masks).dtype.kind not in WHOLE:
        raise InvalidDatasetError("masks", "should be whole numbers, a class for each pixel")
    by_name["targets"] = SourceEntry("targets", masks.n_bytes, masks.opener)
    source = npz.source_of(parts, options)

    def all_masks() -> Iterator[tuple[str, Mask]]:
        found = rows(masks)
        with closed(found):
            for index, row in enumerate(found):
                name = f"masks[{index}]"
                yield name, _bytes(name, row)

    named = (
        None if names is None else texts("classes", np.atleast_1d(whole(names, MAX_TABLE_BYTES)))
    )
    classes = _classes(all_masks, named, "classes")
    return replace(source, samples=_checked(source.samples), classes=classes)


def _checked(samples: Iterator[Sample]) -> Iterator[Sample]:
    with closed(samples):
        for sample in samples:
            yield replace(sample, target=_of_one_channel(sample))


def _bytes(name: str, values: NDArray[np.integer]) -> Mask:
    wrong = values[(values < 0) | (values > IGNORED)]
    if wrong.size:
        raise InvalidDatasetError(
            name, f"holds {int(wrong[0])}: classes are 0 to {IGNORED - 1}, {IGNORED} is no class"
        )
    return values.astype(np.uint8)


def _of_one_channel(sample: Sample) -> Mask:
    target = np.asarray(sample.target)
    if len(target) != 1:
        raise InvalidDatasetError(
            sample.name, f"has a mask of {len(target)} channels: give the number of its class"
        )
    return target.astype(np.uint8)


# Classes


def _classes(masks: Reader, names: list[str] | None, where: str) -> list[str]:
    """Return the names of the classes, all numbers from 0 where none are given.

    Raises:
        InvalidDatasetError: A value has no name, or, without names, none has a number below it.
    """
    first: dict[int, str] = {}
    for name, mask in masks():
        for value in np.unique(mask).tolist():
            first.setdefault(value, name)
    seen = sorted(first.keys() - {IGNORED})
    if len(seen) < 2:
        # 255 is how programs draw the foreground of two classes.
        raise InvalidDatasetError(
            "masks",
            f"hold {'only the class ' + str(seen[0]) if seen else 'no class'}: give two at least, "
            f"numbered from 0; {IGNORED} stands for pixels of no class",
        )
    if names is not None and not (0 < len(set(names)) == len(names) <= IGNORED):
        raise InvalidDatasetError(where, f"should name 1 to {IGNORED} classes, each another way")
    n = len(names) if names is not None else len(seen)
    if seen[-1] >= n:
        reason = f"holds the value {seen[-1]}, but classes are 0 to {n - 1}"
        remedy = (
            f"correct it, or name it in {where}"
            if names is not None
            else f"number the {n} classes that have pixels from 0, or name all in {where}"
        )
        raise InvalidDatasetError(shown(first[seen[-1]]), f"{reason}: {remedy}")
    return names if names is not None else [str(number) for number in range(n)]
