"""Chooses a training's precision: whether it may compute in bfloat16.

It may if that is faster on the device and a short training agrees. That check is a
function of the task, without its density: all densities of a search are compared in one precision.
"""

from __future__ import annotations

import json
import math
from functools import lru_cache
from itertools import islice

import torch
from torch import Tensor

from service.digest import canonical_json
from workers.training.devices import has_fast_bfloat16, has_tf32
from workers.training.engines import NoEngineError
from workers.training.forward import PlainForward, Precision
from workers.training.preparation import endless_batches, prepare
from workers.training.stepping import step
from workers.training.task import TrainingTask

# Steps of the short training, and how far apart the mean losses of its second half may be, of the
# float32 one. Two seeds of one training are 6 to 17 % apart; a density that helps gives 5 % or
# more (docs/adr/0017-precision-and-packs.md).
CHECKED_STEPS = 16
TOLERANCE = 0.02


def precision_of(task: TrainingTask) -> Precision:
    """Return a training's precision; that of "auto" follows from a check.

    Raises:
        ValueError: It asks for something unknown; or as `prepare`, with "auto".
    """
    asked = task.settings.precision
    if asked in ("float32", "bfloat16"):
        return "bfloat16" if asked == "bfloat16" else "float32"
    if asked == "tf32":
        return "tf32" if has_tf32(torch.device(task.device)) else "float32"
    if asked != "auto":
        raise ValueError(f"unknown precision {asked!r}: known are float32, tf32, bfloat16, auto")
    if not has_fast_bfloat16(torch.device(task.device)):
        return "float32"
    return "bfloat16" if difference(task) <= TOLERANCE else "float32"


def difference(task: TrainingTask) -> float:
    """Return how far a short training in bfloat16 is from the same one in float32.

    Returns:
        The difference of the mean losses of the last half of the steps, of the size of the float32
        one; inf where either is not finite, the float32 one is 0, or the device has no
        deterministic kernel in bfloat16.
    """
    names = ("task", "network", "training", "packages", "threads")
    plain = {name: getattr(task, name) for name in names}
    return _difference(canonical_json(plain), task.seed, task.device, task.data_dir)


@lru_cache(maxsize=64)
def _difference(sections: str, seed: int, device: str, data_dir: str | None) -> float:
    task = TrainingTask(
        **json.loads(sections), phi=None, seed=seed, device=device, data_dir=data_dir
    )
    exact = mean_loss(task, "float32")
    try:
        quick = mean_loss(task, "bfloat16")
    except NoEngineError:
        return math.inf
    if not (math.isfinite(exact) and math.isfinite(quick)) or exact == 0:
        return math.inf
    # A package's loss may be below 0.
    return abs(quick - exact) / abs(exact)


def mean_loss(task: TrainingTask, precision: Precision) -> float:
    """Return the mean loss over the second half of the check's steps, in one precision."""
    parts = prepare(task)
    forward = PlainForward([parts], precision)
    losses: list[Tensor] = []
    batches = islice(endless_batches(parts, task), CHECKED_STEPS)
    for number, (inputs, targets) in enumerate(batches, start=1):
        losses += step(forward, inputs, targets, number)
    return float(torch.stack(losses[CHECKED_STEPS // 2 :]).mean())
