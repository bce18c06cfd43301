"""What the name of a folder or a file says: a split, something like one, or a part of a pair."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

Split = Literal["train", "validation", "test"]

_SPLITS: Mapping[str, Split] = MappingProxyType(
    {
        "train": "train",
        "training": "train",
        "val": "validation",
        "valid": "validation",
        "validation": "validation",
        "dev": "validation",
        "test": "test",
        "testing": "test",
        "t10k": "test",
    }
)
# Splits whose role is not known from the word: validation or test, or no labels.
_UNCLEAR = frozenset(
    {
        "trainval",
        "eval",
        "evaluation",
        "holdout",
        "heldout",
        "unlabeled",
        "unlabelled",
        "trn",
        "tst",
    }
)
# What stands next to the word in the name of a split and says nothing.
_NEUTRAL = frozenset(
    {
        "image", "images", "imgs", "img", "data", "dataset", "set", "split", "folder", "files",
        "samples", "photos", "pictures", "jpg", "jpeg", "png", "v",
    }
)  # fmt: skip
_ROLES = frozenset(
    {
        "image", "images", "img", "imgs", "jpegimages", "mask", "masks", "label", "labels",
        "annotation", "annotations", "gt", "groundtruth", "segmentation", "segmentations",
        "segmentationclass", "segmentationobject", "input", "inputs", "target", "targets",
        "output", "outputs", "noisy", "clean", "hr", "lr",
    }
)  # fmt: skip
# As its authors name the folders: DIV2K_train_HR, DIV2K_valid_HR.
_DIV2K = re.compile(r"DIV2K_(train|valid|test)_HR")
_WORD = re.compile(r"t10k|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_]+")
_COMPOUND = re.compile(r"(train|val|valid|test|dev)(set|data|images|imgs|split)")


def words_of(name: str) -> list[str]:
    """Return the words of a name in small letters, without numbers: of "trainImages2" two."""
    found: list[str] = []
    for word in _WORD.findall(name):
        compound = _COMPOUND.fullmatch(word.lower())
        found += compound.groups() if compound else [word.lower()]
    return found


def split_in(name: str) -> Split | None:
    """Return the split that a file's name has as a word, wherever it stands; None without one."""
    found = {_SPLITS[word] for word in words_of(name) if word in _SPLITS}
    return found.pop() if len(found) == 1 else None


def split_of(folder: str) -> Split | None:
    """Return the split that a folder's name says and nothing else; None for another name."""
    div2k = _DIV2K.fullmatch(folder)
    rest = [word for word in words_of(div2k[1] if div2k else folder) if word not in _NEUTRAL]
    return _SPLITS.get(rest[0]) if len(rest) == 1 else None


def is_like_split(folder: str) -> bool:
    """Whether a folder's name has the word of a split, or one that may mean a split."""
    words = words_of(folder)
    joined = "".join(words)
    return joined in _UNCLEAR or any(word in _SPLITS or word in _UNCLEAR for word in words)


def is_like_role(folder: str) -> bool:
    """Whether a folder's name is that of one side of pairs, such as images and masks."""
    return "".join(words_of(folder)) in _ROLES
