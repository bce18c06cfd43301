"""Images and what they are to become, under equal names: ``input/1.png``, ``target/1.png``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from service.datasets.formats.layout import Placed, laid_out
from service.datasets.options import ImportOptions
from service.datasets.samples import Sample, Source
from service.datasets.sources.entries import SourceEntry
from service.datasets.sources.images import decoded
from service.errors import InvalidDatasetError

TITLE = "input and target folders"

INPUTS = frozenset({"input", "inputs"})
TARGETS = frozenset({"target", "targets"})


def fits(entries: Sequence[SourceEntry]) -> bool:
    """Whether there are folders of inputs and targets and no others; `read` misses none."""
    tops = {image.path.partition("/")[0].lower() for image in laid_out(list(entries)).images}
    return bool(tops) and tops <= INPUTS | TARGETS


def read(entries: Sequence[SourceEntry], options: ImportOptions) -> Source:
    """Read pairs of images; the endings of the names may differ.

    Raises:
        InvalidDatasetError: An image has no partner; later, one cannot be decoded.
    """
    layout = laid_out(list(entries))
    inputs, targets = _side(layout.images, INPUTS), _side(layout.images, TARGETS)
    if len(inputs) + len(targets) != len(layout.images):
        found = {id(image) for side in (inputs, targets) for image in side.values()}
        stray = next(image for image in layout.images if id(image) not in found)
        raise InvalidDatasetError(
            stray.entry.name, "is neither below input/ nor below target/, or its name comes twice"
        )
    _refuse_single(inputs, targets, "target")
    _refuse_single(targets, inputs, "input")
    return Source("pairs", 2, _samples(inputs, targets, options), left_out=layout.left_out)


def _side(images: list[Placed], names: frozenset[str]) -> dict[str, Placed]:
    found = {}
    for image in images:
        top, _, rest = image.path.partition("/")
        if rest and top.lower() in names:
            found[f"{image.split or ''}/{PurePosixPath(rest).with_suffix('')}"] = image
    return found


def _refuse_single(ours: Mapping[str, Placed], theirs: Mapping[str, Placed], other: str) -> None:
    for key in sorted(ours.keys() - theirs.keys()):
        raise InvalidDatasetError(
            ours[key].entry.name, f"has no {other} of the same name: add it, or remove this one"
        )


def _samples(
    inputs: Mapping[str, Placed], targets: Mapping[str, Placed], options: ImportOptions
) -> Iterator[Sample]:
    for key in sorted(inputs):
        image, target = inputs[key], targets[key]
        yield Sample(
            name=image.entry.name,
            values=decoded(image.entry, options.convert, options.size_px),
            target=decoded(target.entry, options.convert, options.size_px),
            group=image.group if image.group is not None else target.group,
            split=image.split,
        )
