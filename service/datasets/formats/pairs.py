"""Input and target images under equal names: ``input/1.png``, ``target/1.png``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from service.datasets.faults import Faults
from service.datasets.formats.layout import image_paths, laid_out
from service.datasets.formats.partners import Side, partners, tops
from service.datasets.options import ImportOptions
from service.datasets.samples import Source
from service.datasets.sources.entries import SourceEntry
from service.datasets.sources.images import decoded

TITLE = "input and target folders"

INPUTS = Side(frozenset({"input", "inputs"}), "input", "input")
TARGETS = Side(frozenset({"target", "targets"}), "target", "target")


def fits(entries: Sequence[SourceEntry]) -> bool:
    """Whether there are folders of inputs and targets alone; `read` refuses single images."""
    found = tops(image_paths(entries))
    return bool(found) and found <= INPUTS.names | TARGETS.names


def read(entries: Sequence[SourceEntry], options: ImportOptions, faults: Faults) -> Source:
    """Read pairs of images; the endings of the names may differ.

    Raises:
        InvalidDatasetError: An image has no partner; later, one cannot be decoded.
    """
    layout = laid_out(entries, faults, options.encoding)
    found = partners(layout, INPUTS, TARGETS, "add it, or remove this one", faults)

    def target(entry: SourceEntry) -> NDArray[np.uint8]:
        return decoded(entry, options.convert, options.size_px)

    samples = found.samples(options, target, faults)
    return Source("pairs", 2, samples, (), layout.left_out, n_samples=len(found.inputs))
