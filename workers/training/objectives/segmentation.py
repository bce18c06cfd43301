"""Segmentation: name the class of every pixel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from densearch.nn.memory_format import lay_out
from densearch.plugins.objective import Batch, Generators, Judgement
from densearch.plugins.shape import Split
from service.datasets.store.reader import IGNORED
from workers.training.data.patches import Patches
from workers.training.data.scaling import Scale
from workers.training.data.targets import Targets
from workers.training.data.tiles import Tile, within
from workers.training.metrics import CONSTANT_LOSS
from workers.training.objectives.patched import Pair, PatchObjective
from workers.training.objectives.pixel_sums import ImageSums, PixelSums, constant_loss


class MaskTargets(Targets):
    """Masks of one channel whose values are class numbers, or `IGNORED`."""

    def scale(self, shared: Scale) -> Scale:  # noqa: ARG002 - class numbers stay what they are
        """Return what makes stored masks floating-point numbers, as patches are."""
        return Tensor.float

    def n_outputs(self, declared: int, n_channels: int) -> int:  # noqa: ARG002 - it is 1
        """Return the number of classes."""
        return declared

    def fault(self, target: NDArray[Any], n_outputs: int) -> str | None:
        """See `Targets.fault`."""
        is_class = np.isin(target, (*range(n_outputs), IGNORED))
        if len(target) == 1 and bool(is_class.all()):
            return None
        return (
            f"is no mask of one channel with values of 0 to {n_outputs - 1}, or {IGNORED} for "
            "pixels of no class"
        )


MASKS = MaskTargets()


class SegmentationObjective(PatchObjective):
    """Cross-entropy plus Dice loss, over all pixels of a batch that have a class.

    With p the softmax of a network's outputs and y the classes as 0 and 1, sums running over those
    pixels, N of them, and C classes:

        CE = -1/N sum y ln p,   Dice = 1/C sum_c (2 sum p_c y_c + 1) / (sum p_c + sum y_c + 1),
        loss = CE + 1 - Dice.

    A split is judged by the same formula with sums over all of its judged pixels, so that neither
    the size of tiles nor the split into passes changes it but by rounding.

    Source: F. Milletari et al., "V-Net", 3DV 2016 (Dice), with sizes in place of squares, and the
    sum of both losses, as F. Isensee et al., "nnU-Net", Nature Methods 18, 2021.
    """

    def __init__(
        self,
        section: Mapping[str, Any],
        device: torch.device,
        training: Mapping[str, Any],
        data_dir: str | None = None,
    ) -> None:
        super().__init__(section, device, training, data_dir)
        self._label_smoothing = float(training.get("label_smoothing", 0.0))

    def batches(self, batch_size: int, generators: Generators) -> Iterator[Batch]:
        """Yield patches from fresh places, and the classes of their pixels, (B, *sides)."""
        for inputs, masks in self.patches(batch_size, generators):
            yield self.normalise(inputs), masks[:, 0].long()

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of a batch.

        Label smoothing by s makes the y of the cross-entropy (1 - s) y + s / C.
        """
        return PixelSums.of(outputs.float(), targets, self._label_smoothing).loss()

    def evaluate(self, network: nn.Module, split: Split, *, thorough: bool) -> dict[str, float]:
        """Return `loss`, and `iou`, `dice` and `pixel_accuracy` of the most likely classes.

        Thoroughly, `constant_loss` too.
        """
        return _metrics(*self._judged(network, split), thorough=thorough)

    def judge(self, network: nn.Module, split: Split) -> Judgement:
        """See `Objective.judge`: the items are the images, with `ImageSums.losses`."""
        each = ImageSums(self.n_judged(split), self.n_outputs)
        sums, table = self._judged(network, split, each)
        metrics = _metrics(sums, table, thorough=True)
        return Judgement(metrics, each.losses(), self.data.splits[split].groups)

    def _judged(
        self, network: nn.Module, split: Split, each: ImageSums | None = None
    ) -> tuple[PixelSums, Tensor]:
        """Return the sums over a split's pixels, and how many of a class got which answer."""
        sums: PixelSums | None = None
        counts = torch.zeros(self.n_outputs**2, dtype=torch.int64)
        with torch.inference_mode():
            for part in self.judged(split):
                core = within(part.tile.core, part.tile.window)
                whole: Tensor = network(lay_out(self.normalise(part.inputs)))
                outputs = whole[:, :, *core].double()
                classes = part.truth[:, :, *core][:, 0].long()
                found = PixelSums.of(outputs, classes)
                sums = found if sums is None else sums.plus(found)
                if each is not None:
                    each.add(part.numbers, outputs, classes)
                has_class = classes != IGNORED
                pairs = classes * self.n_outputs + outputs.argmax(dim=1)
                counts += torch.bincount(pairs[has_class].cpu(), minlength=self.n_outputs**2)
        if sums is None:
            raise ValueError(f"the {split} split has no samples")
        return sums, counts.view(self.n_outputs, -1)

    def judged_crops(self) -> Sequence[Pair]:
        """Return crops of the inputs and of the masks."""
        return [(inputs, masks) for inputs, masks in self.data.crops]

    def judged_tile(self, split: Split, numbers: Tensor, tile: Tile, patches: Patches) -> Pair:  # noqa: ARG002 - nothing is drawn
        """Return windows of the inputs and of the masks."""
        inputs, masks = patches
        return inputs, masks


def _metrics(sums: PixelSums, table: Tensor, *, thorough: bool) -> dict[str, float]:
    constant = {CONSTANT_LOSS: constant_loss(table.sum(dim=1))} if thorough else {}
    return {"loss": float(sums.loss()), **overlaps(table.numpy()), **constant}


def overlaps(counts: NDArray[np.int64]) -> dict[str, float]:
    """Return what the pixels say that were judged.

    With TP pixels of a class that were found, FN that were not and FP found in error:
    IoU = TP / (TP + FN + FP), Dice = 2 TP / (2 TP + FN + FP). Both are means over the classes that
    have a pixel in the masks or in the answers; of a split without any pixel all are 0.

    Args:
        counts: (C, C), pixels by true class and by answer.

    Returns:
        `iou`, `dice` and `pixel_accuracy`, the share of pixels whose class was found.
    """
    found = counts.diagonal().astype(float)
    sizes = counts.sum(axis=0) + counts.sum(axis=1)
    is_there = sizes > 0
    found, sizes = found[is_there], sizes[is_there]
    return {
        "iou": float(np.mean(found / (sizes - found))) if len(sizes) else 0.0,
        "dice": float(np.mean(2 * found / sizes)) if len(sizes) else 0.0,
        "pixel_accuracy": float(found.sum() / max(int(counts.sum()), 1)),
    }
