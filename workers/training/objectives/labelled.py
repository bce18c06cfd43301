"""Base of classification and multi-label classification: labelled samples of one size."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from densearch.nn.memory_format import lay_out
from densearch.plugins.objective import Batch, Generators, Judgement, Objective
from densearch.plugins.shape import Split
from workers.training.augmentation import Augmenter
from workers.training.data.registry import labelled_dataset
from workers.training.data.subset import Subset
from workers.training.device_memory import judged_times, total_bytes_of
from workers.training.objectives.base import count_batches
from workers.training.objectives.tallies import Tally

# On a CPU.
_EVALUATION_BATCH = 256


class LabelledObjective(Objective):
    """Predicts labels of whole samples of one size: signals, images or volumes.

    Attributes:
        data: The data set.
    """

    def __init__(
        self,
        section: Mapping[str, Any],
        device: torch.device,
        training: Mapping[str, Any],
        data_dir: str | None = None,
    ) -> None:
        self.data = labelled_dataset(
            section["kind"],
            section["dataset"],
            device,
            data_dir,
            section.get("size_px"),
            Subset.of(section),
        )
        self._device = device
        self._augmentation = Augmenter.of(training)
        self._drops_last = bool(training.get("drop_last", False))
        self.shape = self.data.shape
        self.n_outputs = self.data.n_outputs
        if self.data.is_cropped and self._augmentation.crop_padding_px > 0:
            raise ValueError("boxes of the images lie in random places: they are not moved")
        if self._augmentation.crop_padding_px >= self.shape.size_px:
            raise ValueError(
                f"crops of {self.shape.size_px} px would miss an image that is padded with "
                f"{self._augmentation.crop_padding_px} px"
            )

    def batches(self, batch_size: int, generators: Generators) -> Iterator[Batch]:
        """Yield every training sample once, in the generator's order, augmented."""
        if self.data.is_cropped:
            yield from self.batches_from(0, batch_size, generators)
            return
        drawn = self._epoch(batch_size, generators.order)
        for samples, labels in drawn:
            yield self._augmentation(samples, generators.augmentation), labels

    def batches_from(self, first: int, batch_size: int, generators: Generators) -> Iterator[Batch]:
        """See `Objective.batches_from`; images that need not be seen again are not decoded."""
        if not self.data.is_cropped:
            return super().batches_from(first, batch_size, generators)
        return self._epoch(batch_size, generators.order, first)

    def _epoch(self, batch_size: int, order: torch.Generator, first: int = 0) -> Iterator[Batch]:
        """Return an epoch's batches from `first` on, which are drawn before this returns."""
        split, flips = self.data.splits["train"], self._augmentation.flip
        drawn = split.epoch(batch_size, order, flips=flips, first=first)
        least = batch_size if self._drops_last else 1
        return (batch for batch in drawn if len(batch[1]) >= least)

    def n_batches(self, batch_size: int) -> int:
        """Return how many batches hold the training samples."""
        n_samples = len(self.data.splits["train"].labels)
        return count_batches(n_samples, batch_size, drops_last=self._drops_last)

    def test_share(self) -> float:
        """Return the number of samples of the test split over that of the validation split."""
        test, validation = (len(self.data.splits[s].labels) for s in ("test", "validation"))
        return test / validation

    def evaluate(self, network: nn.Module, split: Split, *, thorough: bool) -> dict[str, float]:
        """Return the metrics of the split's samples."""
        return self._judged(network, split).metrics(thorough=thorough)

    def judge(self, network: nn.Module, split: Split) -> Judgement:
        """See `Objective.judge`: the items are the split's samples."""
        tally, groups = self._judged(network, split), self.data.splits[split].groups
        return Judgement(tally.metrics(thorough=True), tally.item_losses(), groups)

    def _judged(self, network: nn.Module, split: Split) -> Tally:
        tally = self.tally()
        with torch.inference_mode():
            batches = self.data.splits[split].batches(self._n_judged_at_once())
            for samples, labels in batches:
                tally.add(network(lay_out(samples)).double(), labels)
        return tally

    def evaluate_together(
        self, outputs_of: Callable[[Tensor], Tensor], batch_size: int
    ) -> Sequence[dict[str, float]]:
        """See `Objective.evaluate_together`: a pass of all takes half the time of one for each."""
        tallies: list[Tally] = []
        batches = self.data.splits["validation"].batches(min(batch_size, _EVALUATION_BATCH))
        for samples, labels in batches:
            outputs = outputs_of(samples).double()
            tallies = tallies or [self.tally() for _ in outputs]
            for tally, own in zip(tallies, outputs, strict=True):
                tally.add(own, labels)
        return [tally.metrics(thorough=False) for tally in tallies]

    def _n_judged_at_once(self) -> int:
        n_px = _EVALUATION_BATCH * self.shape.size_px**self.shape.n_dims
        return _EVALUATION_BATCH * judged_times(total_bytes_of(self._device), n_px)

    @abstractmethod
    def tally(self) -> Tally:
        """Return an empty tally of the task's metrics."""
