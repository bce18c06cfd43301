"""Packs: trainings that differ only in density or optimizer settings, trained together."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import torch

from service.studies.pack_key import may_share, pack_key
from workers.training.forward import PlainForward
from workers.training.fusion import FusedForward
from workers.training.loop import Item, train_together
from workers.training.machine import prepare_machine
from workers.training.memory import give_back
from workers.training.objectives import OBJECTIVES
from workers.training.precision import precision_of
from workers.training.task import Candidate, EpochMeasurement, TrainingTask

if TYPE_CHECKING:
    from workers.training.checkpoint_file import StoredCheckpoint

# Messages of out-of-memory errors of torch on a CPU, and of CUDA's calls and libraries.
_NO_ROOM = (
    "can't allocate memory",
    "could not create a primitive",  # oneDNN, which allocates memory itself
    "CUDA error: out of memory",
    "_STATUS_ALLOC_FAILED",
    "_ALLOCATION_FAILED",
)


@dataclass(eq=False)
class _PackProgress:
    """What has been yielded of each candidate, by its index: epochs, and whether it has ended."""

    epochs: dict[int, int] = field(default_factory=dict)
    ended: set[int] = field(default_factory=set)

    def is_news(self, index: int, item: Item) -> bool:
        if isinstance(item, EpochMeasurement):
            is_news = item.epoch > self.epochs.get(index, 0)
            self.epochs[index] = max(item.epoch, self.epochs.get(index, 0))
            return is_news
        self.ended.add(index)
        return True


def train_pack(candidates: Sequence[Candidate]) -> Iterator[tuple[int, Item | Exception]]:
    """Train candidates together where possible, otherwise one after another.

    Every value is bitwise that of the same candidate in any other pack, also in a pack of one; it
    agrees to rounding with `train`. A candidate that diverges, is pruned or is stopped leaves the
    pack, and the others continue. A pack that runs out of memory is trained again in halves; after
    another error its candidates are trained alone, so that an error ends only its own candidate.

    Args:
        candidates: Any; those whose tasks differ in nothing that `service.studies.pack_key` reads
            are trained together, unless their density is learned or their network cannot be fused.

    Yields:
        A candidate's index in the list with an item of `train`, or with the error that ended it
        instead of an outcome.
    """
    for candidate in candidates[:1]:
        prepare_machine(candidate.task.threads)
    progress = _PackProgress()
    for indices in _alike(candidates):
        yield from _train(candidates, indices, progress)


def _alike(candidates: Sequence[Candidate]) -> list[list[int]]:
    groups: dict[object, list[int]] = {}
    for index, candidate in enumerate(candidates):
        groups.setdefault(_key(candidate.task) or index, []).append(index)
    return list(groups.values())


def _key(task: TrainingTask) -> tuple[object, ...] | None:
    """Return what the tasks of a pack have in common; None if the task is trained alone."""
    if not is_fusible(task):
        return None
    try:
        precision = precision_of(task)
    except Exception:  # noqa: BLE001 - raised again, as its own error, when it is trained alone
        return None
    return pack_key(replace(task, is_packed=True)), task.device, precision


def is_fusible(task: TrainingTask) -> bool:
    """Whether a training can be part of a pack.

    A plug-in's objective may keep state of one training, so it is never shared.
    """
    return task.task["kind"] in OBJECTIVES and may_share(task)


def _train(
    candidates: Sequence[Candidate], indices: Sequence[int], progress: _PackProgress
) -> Iterator[tuple[int, Item | Exception]]:
    """Train candidates that share a key, grouped by the step that they continue from."""
    found = {index: _found(candidates[index]) for index in indices}
    groups: dict[object, dict[int, Candidate]] = defaultdict(dict)
    for index, own in found.items():
        key = own.progress.reached if own is not None else None
        groups[key][index] = replace(candidates[index], found=own)
    for wanted in groups.values():
        left, width = yield from _train_group(wanted, progress)
        for first in range(0, len(left), width):
            yield from _train(candidates, left[first : first + width], progress)


def _found(candidate: Candidate) -> StoredCheckpoint | None:
    if candidate.store is None:
        return None
    try:
        return candidate.store.find(precision_of(candidate.task))
    except Exception:  # noqa: BLE001 - raised again, as its own, where it is trained
        return None


def _train_group(
    candidates: Mapping[int, Candidate], progress: _PackProgress
) -> Generator[tuple[int, Item | Exception], None, tuple[list[int], int]]:
    """Train candidates together; return those that are left, and the width to train them in."""
    indices, wanted = list(candidates), list(candidates.values())
    prepare_machine(wanted[0].task.threads)
    left: list[int] = []
    width = 1
    forward_of = FusedForward if is_fusible(wanted[0].task) else PlainForward
    try:
        for within, item in train_together(wanted, forward_of, precision_of(wanted[0].task)):
            if progress.is_news(indices[within], item):
                yield indices[within], item
    except Exception as error:  # noqa: BLE001 - whatever training code raises ends its candidate alone
        left = [index for index in indices if index not in progress.ended]
        if len(indices) == 1:
            yield indices[0], error
            left = []
        if is_out_of_memory(error):
            width = max(math.ceil(len(left) / 2), 1)
    else:
        return left, width
    # Only here: the error and the tensors that its frames hold have been freed.
    give_back(torch.device(wanted[0].task.device))
    return left, width


def is_out_of_memory(error: Exception) -> bool:
    """Whether an error says that a tensor, or a library, found no room on a GPU or on a CPU."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(text in str(error) for text in _NO_ROOM)
