"""Labels of arrays, in every shape and type in which people keep them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.datasets.formats.npy import TEXT, WHOLE, texts
from service.datasets.sources.entries import shown
from service.datasets.store.reader import MAX_CLASSES, Kind
from service.errors import InvalidDatasetError

ONE_HOT = (
    "The labels are one-hot, with a single 1 in every row: each is taken for a class, not for one "
    "of several labels."
)

_REMEDY = "give a whole number or a name for each sample, or 0 and 1 for each sample and label"


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """The labels of all samples.

    Attributes:
        kind: "labelled" or "multilabel".
        values: (N,), indices of classes; or (N, n_labels), 0 and 1.
        classes: The names of the classes or labels.
        notes: What a user should know about how they were read.
    """

    kind: Kind
    values: NDArray[Any]
    classes: list[str]
    notes: tuple[str, ...] = ()


def labels_of(given: NDArray[Any], names: list[str]) -> Labels:
    """Read labels.

    Args:
        given: (N,) or (N, 1), numbers of classes, whole whatever their type, or names of classes;
            or (N, n_labels), 0 and 1.
        names: Of the classes or labels in the order of their numbers; empty where nobody says.

    Raises:
        InvalidDatasetError: They are something else, or do not fit the names.
    """
    while given.ndim > 1 and given.shape[-1] == 1:
        given = given[..., 0]
    if given.dtype.kind in TEXT and given.ndim == 1:
        return _by_name(texts("labels", given), names)
    given = _whole(given)
    if given.ndim == 1:
        return Labels("labelled", given, _checked(names, _n_classes(given, len(names))))
    if given.ndim > 2 or not np.isin(given, (0, 1)).all():
        raise InvalidDatasetError(
            "labels",
            f"has the shape {given.shape}: {_REMEDY}",
        )
    n = given.shape[1]
    if n > MAX_CLASSES:
        raise InvalidDatasetError(
            "labels", f"has {n:,} labels a sample: at most {MAX_CLASSES:,} are taken"
        )
    classes = _checked(names, n)
    if len(given) and (given.sum(axis=1) == 1).all():
        return Labels("labelled", given.argmax(axis=1), classes, (ONE_HOT,))
    return Labels("multilabel", given.astype(np.uint8), classes)


def _by_name(given: list[str], names: list[str]) -> Labels:
    given = [text.strip() for text in given]
    classes = names or sorted(set(given))
    numbers = {name: number for number, name in enumerate(classes)}
    strangers = [text for text in given if text not in numbers]
    if strangers:
        raise InvalidDatasetError("labels", f"{shown(strangers[0])!r} is none of the classes")
    values = np.array([numbers[text] for text in given], dtype=np.int64)
    return Labels("labelled", values, classes)


def _whole(given: NDArray[Any]) -> NDArray[Any]:
    """Return whole numbers as such, which programs also save as floating-point ones."""
    if given.dtype.kind == "b":
        return given.astype(np.uint8)
    if given.dtype.kind in WHOLE:
        return given
    wrong = given if given.dtype.kind != "f" else given[~(np.isfinite(given) & (given % 1 == 0))]
    if wrong.size:
        raise InvalidDatasetError(
            "labels",
            f"holds {shown(str(wrong.flat[0]))}: {_REMEDY}",
        )
    if given.size and np.abs(given).max() > MAX_CLASSES:
        raise InvalidDatasetError("labels", f"{np.abs(given).max():g} is out of range")
    return given.astype(np.int64)


def _n_classes(labels: NDArray[Any], n_names: int) -> int:
    if not len(labels):
        return n_names
    low, high = int(labels.min()), int(labels.max())
    end = n_names or MAX_CLASSES
    if low < 0 or high >= end:
        wrong = low if low < 0 else high
        raise InvalidDatasetError("labels", f"{wrong} is out of range: classes are 0 to {end - 1}")
    n_seen = len(np.unique(labels))
    if not n_names and n_seen <= high:
        raise InvalidDatasetError(
            "labels",
            f"only {n_seen} of the classes 0 to {high} have samples: number those that have, or "
            "name all in classes",
        )
    return n_names or high + 1


def _checked(names: list[str], n: int) -> list[str]:
    if names and len(names) != n:
        raise InvalidDatasetError("classes", f"names {len(names)} classes, there are {n}")
    return names or [str(number) for number in range(n)]
