"""Which samples train, which guide the search, which judge: drawn by a seed and nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from densearch.names import quoted
from service.datasets.store.reader import SPLITS, Numbers
from service.errors import InvalidDatasetError

Splits = NDArray[np.int8]
TRAIN, VALIDATION, TEST = range(len(SPLITS))
NOT_YET = -1


@dataclass(frozen=True, slots=True)
class SplitPlan:
    """How to draw the splits that the source does not give.

    Attributes:
        validation: Share of the samples that guide the search.
        test: Share of the samples that judge; the rest trains.
        seed: Of the draw. It belongs to the set: a job's seed never moves a sample.
    """

    validation: float = 0.2
    test: float = 0.2
    seed: int = 0


def assign(
    given: Sequence[str | None],
    classes: Numbers | None,
    groups: Sequence[str | None],
    plan: SplitPlan,
) -> Splits:
    """Put every sample into a split.

    A split that the source gives is kept. One that it lacks is drawn from its training samples:
    class by class where there are classes, whole groups where there are groups.

    Args:
        given: (N,), the source's own splits.
        classes: (N,), or None where samples have no class.
        groups: (N,).
        plan: Shares and seed.

    Raises:
        InvalidDatasetError: A split is left without samples, or a group lies in two of the
            source's own.
    """
    splits = np.array([NOT_YET if s is None else SPLITS.index(s) for s in given], dtype=np.int8)
    _refuse_divided(splits, groups)
    shares = {VALIDATION: plan.validation, TEST: plan.test}
    missing = {split: share for split, share in shares.items() if not (splits == split).any()}
    free = np.flatnonzero((splits == NOT_YET) | (splits == TRAIN))
    splits[free] = TRAIN
    if any(group is not None for group in groups):
        _draw_groups(splits, free, groups, missing, plan.seed)
    else:
        labels = np.zeros(len(splits), dtype=np.int64) if classes is None else classes
        for label in np.unique(labels[free]):
            _draw(splits, free[labels[free] == label], missing, plan.seed)
    _refuse_empty(splits)
    return splits


def _order(keys: Sequence[str], seed: int) -> list[int]:
    """Return a random order of `keys` that no version of a library can change."""

    def place(index: int) -> bytes:
        return hashlib.blake2b(f"{seed}:{keys[index]}".encode(), digest_size=16).digest()

    return sorted(range(len(keys)), key=place)


def _draw(splits: Splits, rows: Numbers, missing: dict[int, float], seed: int) -> None:
    mixed = rows[_order([str(row) for row in rows], seed)]
    # A class of a few samples has one of them in every split before it has two in one.
    is_scarce = len(rows) <= len(missing)
    for place, (split, share) in enumerate(missing.items()):
        # One is left for each split that comes, and for training.
        n_most = len(mixed) - (len(missing) - place)
        n = 0 if is_scarce else min(n_most, max(1, round(share * len(rows))))
        splits[mixed[:n]] = split
        mixed = mixed[n:]


def _draw_groups(
    splits: Splits,
    free: Numbers,
    groups: Sequence[str | None],
    missing: dict[int, float],
    seed: int,
) -> None:
    # A sample without a group is one of its own.
    keys = [f"sample:{row}" if (g := groups[row]) is None else f"group:{g}" for row in free]
    members: dict[str, list[int]] = {}
    for key, row in zip(keys, free, strict=True):
        members.setdefault(key, []).append(int(row))
    names = sorted(members)
    mixed = [members[names[place]] for place in _order(names, seed)]
    for place, (split, share) in enumerate(missing.items()):
        n_wanted = max(1.0, share * len(free))
        # One group is left for each split that comes, and for training.
        n_left = len(missing) - place
        n_taken = 0
        while len(mixed) > n_left and n_taken < n_wanted:
            # Not one that overshoots more than it helps, once there is any.
            if n_taken and n_taken + len(mixed[0]) - n_wanted > n_wanted - n_taken:
                break
            rows = mixed.pop(0)
            splits[rows] = split
            n_taken += len(rows)


def _refuse_divided(splits: Splits, groups: Sequence[str | None]) -> None:
    seen: dict[str, int] = {}
    for split, group in zip(splits.tolist(), groups, strict=True):
        if group is None:
            continue
        if seen.setdefault(group, split) != split:
            raise InvalidDatasetError(
                "groups", f"the group {quoted(group)} lies in two splits: put it into one of them"
            )


def _refuse_empty(splits: Splits) -> None:
    for split, name in enumerate(SPLITS):
        if not (splits == split).any():
            raise InvalidDatasetError(
                "",
                f"no sample is left for the {name} split of {len(splits)} samples: give more "
                "samples or groups, or a larger share for it",
            )
