"""What to know of a stored set before training on it: counts by class, and warnings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from densearch.names import quoted
from densearch.plurals import counted, noun
from service.datasets.faults import Faults
from service.datasets.formats.folder_words import is_like_role, is_like_split
from service.datasets.samples import Source
from service.datasets.sources.entries import MAX_LISTED, listed
from service.datasets.store.encoded import is_encoded
from service.datasets.store.group_files import COUNTS
from service.datasets.store.reader import SPLITS
from service.datasets.writer import Written
from service.item_losses import LEAST_GROUPS

# The largest class against the smallest.
MAX_IMBALANCE = 10
# Below, a split's figures are mostly chance: with 30 samples a share of 0.9 has a standard error
# of 0.05.
FEW_IN_SPLIT = 30
FEW_IN_CLASS = 10
TINY_PX = 8


def class_counts(written: Written) -> dict[str, list[int]] | None:
    """Return the number of samples of each class or label, by split; None without labels."""
    if written.labels is None:
        return None
    n_classes = len(written.manifest["classes"])
    return {
        name: _counts(written.labels[written.splits == index], n_classes)
        for index, name in enumerate(SPLITS)
    }


def _counts(labels: NDArray[Any], n_classes: int) -> list[int]:
    if labels.ndim == 2:
        return [int(n) for n in labels.sum(axis=0, dtype=np.int64)]
    return [int(n) for n in np.bincount(labels, minlength=n_classes)]


def warnings(source: Source, written: Written, n_clutter: int, faults: Faults) -> list[str]:
    """Return what the user should look at, a sentence each; none of it prevents a training.

    Args:
        source: What was read.
        written: What was stored of it.
        n_clutter: How many files of systems were passed over.
        faults: Of the files that were left out, as the user asked.
    """
    return [
        *source.notes,
        *_of_class_names(written.manifest.get("classes") or []),
        *_of_classes(written),
        *_of_splits(written),
        *_of_groups(written),
        *_of_duplicates(written),
        *_of_sizes(written),
        *_of_faults(faults),
        *_of_left_out(source),
        *_of_clutter(n_clutter),
    ]


def _of_class_names(classes: list[str]) -> Iterator[str]:
    for name in classes:
        what = (
            "a split" if is_like_split(name) else "one side of pairs" if is_like_role(name) else ""
        )
        if what:
            yield f"A class is called {quoted(name)}, as {what} would be: see that it is one."
    seen: dict[str, str] = {}
    for name in classes:
        other = seen.setdefault(" ".join(name.casefold().split()), name)
        if other != name:
            yield f"The classes {quoted(other)} and {quoted(name)} differ in case or blanks alone."


def _of_classes(written: Written) -> Iterator[str]:
    counts = class_counts(written)
    if counts is None:
        return
    classes: list[str] = written.manifest["classes"]
    totals = np.array(list(counts.values())).sum(axis=0)
    low, high = int(totals.argmin()), int(totals.argmax())
    if totals[high] > MAX_IMBALANCE * totals[low]:
        yield (
            f"The classes are unbalanced: {classes[high]} has {counted(totals[high], 'sample')}, "
            f"{classes[low]} has {totals[low]:,}."
        )
    for split, found in counts.items():
        absent = [name for name, n in zip(classes, found, strict=True) if n == 0]
        if absent:
            yield f"The {split} split has no sample of {listed(absent)}."
    few = [name for name, n in zip(classes, counts["train"], strict=True) if 0 < n < FEW_IN_CLASS]
    if few:
        yield f"Fewer than {FEW_IN_CLASS} training samples: {listed(few)}."


def _of_splits(written: Written) -> Iterator[str]:
    for split, n in written.manifest["counts"].items():
        if n < FEW_IN_SPLIT:
            what = "that is little to learn from" if split == "train" else "its figures are chance"
            yield f"The {split} split has {counted(n, 'sample')}: {what}."


def _of_groups(written: Written) -> Iterator[str]:
    n = written.manifest.get(COUNTS, {}).get("test", LEAST_GROUPS)
    if n < LEAST_GROUPS:
        n_samples = written.manifest["counts"]["test"]
        samples, groups = counted(n_samples, "sample"), counted(n, "group")
        yield (
            f"The test split has {samples} of {groups}: with fewer than {LEAST_GROUPS} "
            "no interval over its samples is given."
        )


def _of_duplicates(written: Written) -> Iterator[str]:
    seen: dict[bytes, int] = {}
    pairs, n_within = [], 0
    for index, found in enumerate(written.prints):
        first = seen.setdefault(found, index)
        if first == index:
            continue
        if written.splits[first] != written.splits[index]:
            pairs.append((first, index))
        else:
            n_within += 1
    if pairs:
        shown = "; ".join(
            f"{written.names[one]} ({SPLITS[written.splits[one]]}) is "
            f"{written.names[other]} ({SPLITS[written.splits[other]]})"
            for one, other in pairs[:MAX_LISTED]
        )
        more = f"; and {len(pairs) - MAX_LISTED:,} more" if len(pairs) > MAX_LISTED else ""
        yield (
            f"{counted(len(pairs), 'sample lies', 'samples lie')} in two splits, which makes "
            f"figures too good: {shown}{more}. Remove them, or put each into a group."
        )
    if n_within:
        samples = counted(n_within, "sample comes", "samples come")
        yield f"{samples} more than once within a split."


def _of_sizes(written: Written) -> Iterator[str]:
    manifest = written.manifest
    if manifest["size_px"] < TINY_PX:
        yield (
            f"The smallest side of a sample is {manifest['size_px']}: few networks take so little."
        )
    if manifest["is_uniform"] or manifest["kind"] not in {"labelled", "multilabel"}:
        return
    sides = f"Samples have sides from {manifest['size_px']} to {manifest['largest_px']}"
    if is_encoded(manifest):
        yield f"{sides}: a job says by task.size_px at which side they are trained on."
    else:
        yield f"{sides}: to be classified they need one size; store them with storage=encoded."


def _of_faults(faults: Faults) -> Iterator[str]:
    if faults.n:
        files = counted(faults.n, "file was", "files were")
        named = "; ".join(f"{error.entry} {error.detail}" for error in faults.first[:MAX_LISTED])
        more = f"; and {faults.n - MAX_LISTED:,} more" if faults.n > MAX_LISTED else ""
        yield f"{files} left out: {named}{more}."


def _of_left_out(source: Source) -> Iterator[str]:
    if source.left_out:
        yield f"Files that are no samples were left out: {listed(source.left_out)}."


def _of_clutter(n: int) -> Iterator[str]:
    if n:
        were = noun(n, "was", "were")
        files = counted(n, "file")
        yield f"{files} of systems and programs, such as thumbnails, {were} passed over."
