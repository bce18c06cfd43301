"""Write the samples of a source as a stored set, one by one: they need not fit in memory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from densearch.names import fault_in, quoted
from service.datasets import splits as drawing
from service.datasets.faults import Faults
from service.datasets.progress import ImportProgress
from service.datasets.samples import Content, Sample, Source
from service.datasets.sources.entries import Limits, shown
from service.datasets.splits import SplitPlan, Splits
from service.datasets.store.array_files import save
from service.datasets.store.encoded import ENCODED, EncodedImage
from service.datasets.store.flat_files import FlatFile
from service.datasets.store.group_files import COUNTS, GROUPS, GroupNumbers, numbered
from service.datasets.store.image_files import ImageFile
from service.datasets.store.reader import (
    MANIFEST,
    MAX_CLASSES,
    SPLITS,
    VERSION,
    VERSION_ENCODED,
    VERSION_GROUPED,
    Numbers,
)
from service.errors import InvalidDatasetError

MAX_CLASS_NAME_LENGTH = 200


@dataclass(eq=False)
class _Collected:
    """What is kept in memory of every sample."""

    names: list[str] = field(default_factory=list)
    labels: list[int | NDArray[np.uint8]] = field(default_factory=list)
    groups: list[str | None] = field(default_factory=list)
    given: list[str | None] = field(default_factory=list)
    # Of the input's values alone: the same image with two labels is a duplicate too.
    prints: list[bytes] = field(default_factory=list)

    def add(self, sample: Sample) -> None:
        self.names.append(sample.name)
        self.groups.append(sample.group)
        self.given.append(sample.split)
        if sample.label is not None:
            self.labels.append(sample.label)
        self.prints.append(_print_of(sample.values))


def _print_of(values: Content) -> bytes:
    seen = hashlib.blake2b(repr(values.shape).encode(), digest_size=16)
    if isinstance(values, EncodedImage):
        seen.update(values.content)
    else:
        seen.update(np.ascontiguousarray(values).data)
    return seen.digest()


class VaryingSizeError(Exception):
    """Images with classes or labels differ in size: store them as the files that came."""


@dataclass(frozen=True, eq=False)
class Written:
    """A stored set that was just written.

    Attributes:
        manifest: As in `manifest.json`.
        sha256: Of content and split: the set's name on disk.
        names: (N,), of the samples.
        prints: (N,), digests of the samples' inputs.
        splits: (N,), indices in `SPLITS`.
        labels: (N,) or (N, n_labels); None where there are none.
    """

    manifest: dict[str, Any]
    sha256: str
    names: list[str]
    prints: list[bytes]
    splits: Splits
    labels: NDArray[Any] | None


def write(
    source: Source,
    folder: Path,
    plan: SplitPlan,
    limits: Limits,
    faults: Faults,
    *,
    progress: ImportProgress | None = None,
    is_uniform: bool = False,
) -> Written:
    """Write a source's samples into an empty folder.

    Args:
        source: What to read; it is read once.
        folder: It is empty.
        plan: How to draw the splits that the source does not give.
        limits: Limits of what is stored.
        faults: Takes the faults of single samples, which are left out.
        progress: Counts the samples.
        is_uniform: Whether to stop where samples differ in size.

    Raises:
        VaryingSizeError: Samples differ in size, and `is_uniform` is set.
        InvalidDatasetError: A sample is not like the first one, or the whole makes no set.
        OSError: The disk is full, or fails.
    """
    _refuse_classes(source.classes)
    collected = _Collected()
    with ExitStack() as stack:
        inputs: Any = stack.enter_context(
            ImageFile(folder, limits)
            if source.is_encoded
            else FlatFile(folder, "inputs", "shapes", limits)
        )
        targets = (
            stack.enter_context(FlatFile(folder, "targets", "target_shapes", limits))
            if source.kind == "pairs"
            else None
        )
        samples = _checked(source, limits, faults, is_uniform=is_uniform)
        for sample in _counted(samples, progress or ImportProgress(), faults):
            inputs.append(sample.name, sample.values)
            if targets is not None and sample.target is not None:
                targets.append(sample.name, sample.target)
            collected.add(sample)
        if not collected.names:
            faults.refuse()
            raise InvalidDatasetError("", "it holds no sample")
        shapes, inputs_sha256 = inputs.finish()
        manifest = _manifest(source, shapes, str(inputs.dtype))
        digests = {"inputs": inputs_sha256}
        if targets is not None:
            target_shapes, digests["targets"] = targets.finish()
            manifest["target_channels"] = int(target_shapes[0, 0])
            manifest["target_dtype"] = str(targets.dtype)
    labels = _labels(source, collected)
    classes = labels if source.kind == "labelled" else None
    splits = drawing.assign(collected.given, classes, collected.groups, plan)
    manifest["counts"] = {name: int((splits == i).sum()) for i, name in enumerate(SPLITS)}
    groups = numbered(collected.groups)
    if groups is not None:
        manifest |= {"version": VERSION_GROUPED, COUNTS: _group_counts(groups, splits)}
    for name, array in {"labels": labels, "splits": splits, GROUPS: groups}.items():
        if array is not None:
            save(folder, name, array)
            digests[name] = hashlib.sha256(array.tobytes()).hexdigest()
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1), "utf-8")
    sha256 = _digest(manifest, digests)
    return Written(manifest, sha256, collected.names, collected.prints, splits, labels)


def _group_counts(groups: GroupNumbers, splits: Splits) -> dict[str, int]:
    return {name: len(np.unique(groups[splits == i])) for i, name in enumerate(SPLITS)}


def _refuse_classes(names: Sequence[str]) -> None:
    if len(names) > MAX_CLASSES:
        raise InvalidDatasetError(
            "classes", f"there are {len(names):,} classes: at most {MAX_CLASSES:,} are taken"
        )
    for name in names:
        fault = fault_in(name, MAX_CLASS_NAME_LENGTH)
        if fault is not None:
            raise InvalidDatasetError("classes", f'the name of the class "{shown(name)}" {fault}')


def _digest(manifest: dict[str, Any], digests: dict[str, str]) -> str:
    text = json.dumps({"manifest": manifest, "arrays": digests}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _manifest(source: Source, shapes: Numbers, dtype: str) -> dict[str, Any]:
    sides = shapes[:, 1:]
    stored: dict[str, Any] = {"version": VERSION}
    if source.is_encoded:
        stored = {"version": VERSION_ENCODED, "storage": ENCODED, "convert": source.convert}
    return {
        **stored,
        "kind": source.kind,
        "n_dims": source.n_dims,
        "n_channels": int(shapes[0, 0]),
        "classes": list(source.classes),
        "dtype": dtype,
        "n_samples": len(shapes),
        "size_px": int(sides.min()),
        "largest_px": int(sides.max()),
        "is_uniform": bool((sides == sides[0]).all()),
    }


def _labels(source: Source, collected: _Collected) -> NDArray[Any] | None:
    if source.kind == "multilabel":
        return np.array(collected.labels, dtype=np.uint8)
    if source.kind != "labelled":
        return None
    labels = np.array(collected.labels, dtype=np.int64)
    present = np.unique(labels)
    if len(present) < 2:
        found = source.classes[int(present[0])]
        raise InvalidDatasetError(
            "", f"it has only the class {quoted(found)}: a classification needs at least two"
        )
    return labels


def _checked(
    source: Source, limits: Limits, faults: Faults, *, is_uniform: bool
) -> Iterator[Sample]:
    """Yield the samples that are like the first one."""
    first: Sample | None = None
    for index, sample in enumerate(source.samples):
        if index == limits.n_samples:
            raise limits.too_many_samples()
        first = first or sample
        _check(sample.name, sample.values, first.name, first.values)
        if is_uniform and sample.values.shape != first.values.shape:
            raise VaryingSizeError
        if sample.target is not None and first.target is not None:
            _check(sample.name, sample.target, first.name, first.target)
            n_before = faults.n
            with faults.of_one():
                _check_sides(sample)
            if faults.n > n_before:
                continue
        yield sample


def _counted(
    samples: Iterator[Sample], progress: ImportProgress, faults: Faults
) -> Iterator[Sample]:
    """Yield the samples; report those and the ones that are left out for a fault as done."""
    n_taken, n_before = 0, faults.n
    for sample in samples:
        progress.reach(n_taken + faults.n - n_before)
        yield sample
        n_taken += 1
    progress.reach(n_taken + faults.n - n_before)


def _check(name: str, values: Content, first_name: str, first: Content) -> None:
    shape, like = values.shape, first.shape
    if 0 in shape:
        raise InvalidDatasetError(name, f"has a side of 0: its shape is {shape}")
    if len(shape) != len(like):
        raise InvalidDatasetError(
            name, f"has {len(shape) - 1} axes, {first_name} has {len(like) - 1}"
        )
    if shape[0] != like[0]:
        raise InvalidDatasetError(
            name,
            f"has {shape[0]} channels, {first_name} has {like[0]}: give all the same, or "
            "have images converted by convert=grey or convert=colour",
        )
    if isinstance(values, EncodedImage):
        return
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise InvalidDatasetError(name, "holds NaN or infinity: replace these values")


def _check_sides(sample: Sample) -> None:
    if sample.target is not None and sample.target.shape[1:] != sample.values.shape[1:]:
        ours, theirs = ("x".join(map(str, a.shape[1:])) for a in (sample.values, sample.target))
        raise InvalidDatasetError(
            sample.name, f"the input is {ours}, its target {theirs}: give both the same size"
        )
