"""Makes the sheet of an arm: what its network makes of a few samples of the test split.

The sheet is made after the network is judged. It draws no random number and changes nothing of
the result: `tests/integration/workers/training/sheets_test.py` trains with and without it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from densearch.nn.memory_format import lay_out
from densearch.plugins.objective import Objective
from densearch.plugins.shape import Split
from service.sample_sheets import MOST_CLASSES, SIDE_PX, Sheet, chosen, packed
from workers.training.objectives.classification import ClassificationObjective
from workers.training.objectives.labelled import LabelledObjective
from workers.training.objectives.multilabel import MultilabelObjective
from workers.training.objectives.patched import Judged, PatchObjective
from workers.training.objectives.restoration import RestorationObjective
from workers.training.objectives.segmentation import SegmentationObjective

SPLIT: Split = "test"
_BATCH = 256
_IMAGE_CHANNELS = (1, 3)


def sheet_of(objective: Objective, network: nn.Module) -> bytes | None:
    """Return the sheet of a network in eval mode; None where its task has none.

    Signals and the objectives of packages have none.

    Args:
        objective: What the network was judged by.
        network: On the objective's device.
    """
    sheet: Sheet | None = None
    with torch.inference_mode():
        if isinstance(objective, PatchObjective) and objective.data.n_dims > 1:
            sheet = _pictures(objective, network)
        elif isinstance(objective, LabelledObjective) and objective.n_outputs <= MOST_CLASSES:
            sheet = _confusion(objective, network)
    return None if sheet is None else packed(sheet)


# Pictures


def _pictures(objective: PatchObjective, network: nn.Module) -> Sheet | None:
    is_restored = isinstance(objective, RestorationObjective)
    if not is_restored and not isinstance(objective, SegmentationObjective):
        return None
    wanted, rows = chosen(objective.n_judged(SPLIT)), {}
    for part in objective.judged(SPLIT):
        for row, number in enumerate(part.numbers.tolist()):
            if number in wanted and number not in rows:
                rows[number] = _shown(objective, network, part, row)
        if len(rows) == len(wanted):
            break
    side = min((min(array.shape[1:3]) for row in rows.values() for array in row[:3]), default=0)
    if side == 0:
        return None
    found = [rows[number] for number in sorted(rows)]
    inputs, outputs, targets = (
        np.stack([_centre(row[place], side) for row in found]) for place in range(3)
    )
    numbers = np.array(sorted(rows), dtype=np.int64)
    if not is_restored:
        return {
            "numbers": numbers,
            "inputs": _pixels(inputs),
            "outputs": outputs[:, 0].astype(np.uint8),
            "targets": targets[:, 0].astype(np.uint8),
        }
    sheet: dict[str, NDArray[Any]] = {"numbers": numbers, "inputs": _pixels(inputs)}
    sheet["outputs"] = _pixels(outputs)
    sheet |= {"targets": _pixels(targets), "output_psnr": _psnr(outputs, targets)}
    if inputs.shape == targets.shape:
        sheet["input_psnr"] = _psnr(inputs, targets)
    return sheet


def _shown(
    objective: PatchObjective, network: nn.Module, part: Judged, row: int
) -> tuple[NDArray[Any], ...]:
    """Return a sample, what the network makes of it, and the truth, (C, h, w) each."""
    inputs, truth = part.inputs[row : row + 1], part.truth[row : row + 1]
    outputs = network(lay_out(objective.normalise(inputs)))
    if isinstance(objective, RestorationObjective):
        outputs = objective.restored(inputs, outputs)
    else:
        outputs = outputs.argmax(dim=1, keepdim=True)
    return tuple(_plane(values) for values in (inputs, outputs, truth))


def _plane(values: Tensor) -> NDArray[Any]:
    """Return (1, C, *sides) as (C, h, w), of a volume the middle slice."""
    own = values[0]
    while own.dim() > 3:
        own = own[:, own.shape[1] // 2]
    found: NDArray[Any] = own.double().cpu().numpy()
    return _centre(found, min(SIDE_PX, *found.shape[1:]))


def _centre(plane: NDArray[Any], side: int) -> NDArray[Any]:
    top, left = ((size - side) // 2 for size in plane.shape[1:3])
    return plane[:, top : top + side, left : left + side]


def _pixels(planes: NDArray[Any]) -> NDArray[np.uint8]:
    """Return (n, C, h, w) of [0, 1] as (n, h, w, c) of bytes; of other than 1 or 3, the first."""
    own = planes if planes.shape[1] in _IMAGE_CHANNELS else planes[:, :1]
    pixels: NDArray[np.uint8] = np.round(255.0 * np.clip(own, 0.0, 1.0)).astype(np.uint8)
    return pixels.transpose(0, 2, 3, 1)


def _psnr(shown: NDArray[Any], truth: NDArray[Any]) -> NDArray[np.float32]:
    """Return the PSNR of each crop, dB, of values in [0, 1]; infinite for equal ones."""
    errors = np.square(shown - truth).mean(axis=(1, 2, 3))
    with np.errstate(divide="ignore"):
        found: NDArray[np.float32] = (-10.0 * np.log10(errors)).astype(np.float32)
    return found


# Tables


def _confusion(objective: LabelledObjective, network: nn.Module) -> Sheet | None:
    n = objective.n_outputs
    if isinstance(objective, ClassificationObjective):
        counts = torch.zeros(n * n, dtype=torch.int64)
        for logits, labels in _judged(objective, network):
            pairs = labels.cpu() * n + logits.argmax(dim=1).cpu()
            counts += torch.bincount(pairs, minlength=n * n)
        return {"confusion": counts.view(n, n).numpy()}
    if isinstance(objective, MultilabelObjective):
        table = torch.zeros(n, 2, 2, dtype=torch.int64)
        for logits, labels in _judged(objective, network):
            answers, truth = (logits > 0).cpu(), (labels > 0.5).cpu()
            for has, gets in ((0, 0), (0, 1), (1, 0), (1, 1)):
                table[:, has, gets] += ((truth == bool(has)) & (answers == bool(gets))).sum(dim=0)
        return {"confusion": table.numpy()}
    return None


def _judged(objective: LabelledObjective, network: nn.Module) -> Iterator[tuple[Tensor, Tensor]]:
    for samples, labels in objective.data.splits[SPLIT].batches(_BATCH):
        yield network(lay_out(samples)), labels
