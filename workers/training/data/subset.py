"""The part of a training split that a job trains on; what is judged stays whole.

Inputs keep the scaling of the whole training split, so that a network is judged on the same
numbers whatever it was trained on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from service.datasets.subsets import subset
from workers.training.data.labelled import LabelledDataset
from workers.training.data.patched import PatchDataset

_TRAIN = "train"


@dataclass(frozen=True, slots=True)
class Subset:
    """Some samples of a training split, see `service.datasets.subsets`.

    Attributes:
        n: How many.
        seed: What draws them.
    """

    n: int
    seed: int

    @classmethod
    def of(cls, section: Mapping[str, Any]) -> Subset | None:
        """Read a payload's task section; None where all samples are trained on."""
        n = section.get("n_train")
        return None if n is None else cls(int(n), int(section["subset_seed"]))

    def of_labelled(self, whole: LabelledDataset) -> LabelledDataset:
        """Return a set with this part of its training samples, classes in proportion.

        Raises:
            ValueError: There is no such part, or it would empty a class.
        """
        split = whole.splits[_TRAIN]
        classes = split.labels.cpu().numpy() if split.labels.dim() == 1 else None
        rows = torch.from_numpy(subset(self.n, self.seed, len(split.labels), classes))
        return replace(whole, splits={**whole.splits, _TRAIN: split.chosen(rows)})

    def of_patches(self, whole: PatchDataset) -> PatchDataset:
        """Return a set whose training patches are taken of this part of its samples.

        Raises:
            ValueError: There is no such part.
        """
        split = whole.splits[_TRAIN]
        rows: Tensor = torch.from_numpy(subset(self.n, self.seed, len(split)))
        splits = {**whole.splits, _TRAIN: split.chosen(rows)}
        return replace(whole, splits=splits, validation_crops=lambda: whole.crops)
