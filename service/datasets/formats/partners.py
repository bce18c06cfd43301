"""Two folders of images under equal names: ``input/1.png`` and ``target/1.png``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from numpy.typing import NDArray

from service.datasets.faults import Faults
from service.datasets.formats.layout import Layout, Placed
from service.datasets.options import ImportOptions
from service.datasets.samples import Sample
from service.datasets.sources.entries import SourceEntry
from service.datasets.sources.images import decoded
from service.errors import InvalidDatasetError


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two folders.

    Attributes:
        names: What it may be called, in small letters.
        folder: What an error calls it.
        image: What an error calls one of its images.
    """

    names: frozenset[str]
    folder: str
    image: str


@dataclass(frozen=True, slots=True)
class Partners:
    """The images of both sides by split and name; each has a partner in the other."""

    inputs: Mapping[str, Placed]
    targets: Mapping[str, Placed]

    def samples(
        self,
        options: ImportOptions,
        target: Callable[[SourceEntry], NDArray[Any]],
        faults: Faults,
    ) -> Iterator[Sample]:
        """Yield the pairs in the order of their names.

        Args:
            options: How inputs are converted and scaled.
            target: Reads the target of a pair, (C, H, W).
            faults: Takes those of pairs that cannot be read, which are left out.
        """
        for key in sorted(self.inputs):
            ours, theirs = self.inputs[key], self.targets[key]
            sample = None
            with faults.of_one():
                sample = Sample(
                    name=ours.entry.name,
                    values=decoded(ours.entry, options.convert, options.size_px),
                    target=target(theirs.entry),
                    group=ours.group if ours.group is not None else theirs.group,
                    split=ours.split,
                )
            if sample is not None:
                yield sample


def tops(paths: Iterable[str]) -> set[str]:
    """Return the uppermost folders of images, in small letters."""
    return {path.partition("/")[0].lower() for path in paths}


def partners(layout: Layout, inputs: Side, targets: Side, remedy: str, faults: Faults) -> Partners:
    """Return the images of two folders, each with its partner; the endings of names may differ.

    Args:
        layout: All images.
        inputs: The folder of inputs.
        targets: The folder of targets.
        remedy: What to do about an image without a partner.
        faults: Takes the images without a partner, which are left out.

    Raises:
        InvalidDatasetError: An image is in neither folder, or has a name twice.
    """
    found = Partners(_side(layout.images, inputs), _side(layout.images, targets))
    if len(found.inputs) + len(found.targets) != len(layout.images):
        known = {id(image) for side in (found.inputs, found.targets) for image in side.values()}
        stray = next(image for image in layout.images if id(image) not in known)
        raise InvalidDatasetError(
            stray.entry.name,
            f"is neither below {inputs.folder}/ nor below {targets.folder}/, or its name comes "
            "twice",
        )
    return Partners(
        _paired(found.inputs, found.targets, targets, remedy, faults),
        _paired(found.targets, found.inputs, inputs, remedy, faults),
    )


def key_of(image: Placed) -> str:
    """Return what the two images of a pair share: the split, and the path without its ending."""
    _, _, rest = image.path.partition("/")
    return f"{image.split or ''}/{PurePosixPath(rest).with_suffix('')}"


def _side(images: list[Placed], side: Side) -> dict[str, Placed]:
    found = {}
    for image in images:
        top, _, rest = image.path.partition("/")
        if rest and top.lower() in side.names:
            found[key_of(image)] = image
    return found


def _paired(
    ours: Mapping[str, Placed],
    theirs: Mapping[str, Placed],
    other: Side,
    remedy: str,
    faults: Faults,
) -> dict[str, Placed]:
    """Return the images that have a partner; the others are faults."""
    for key in sorted(ours.keys() - theirs.keys()):
        reason = f"has no {other.image} of the same name: {remedy}"
        faults.add(InvalidDatasetError(ours[key].entry.name, reason))
    return {key: image for key, image in ours.items() if key in theirs}
