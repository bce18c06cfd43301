"""Learning-rate schedules by name: the factor on the learning rate, step by step."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from torch.optim import Optimizer

from service.studies.training_payload import TrainingSettings


def _constant(progress: float) -> float:
    del progress
    return 1.0


def _cosine(progress: float) -> float:
    return 0.5 * (1 + math.cos(math.pi * progress))


def _step(progress: float) -> float:
    return 0.1 ** sum(progress >= milestone for milestone in MILESTONES)


def _one_cycle(progress: float) -> float:
    if progress < PEAK:
        return 1 + (_ONE_CYCLE_START - 1) * _cosine(progress / PEAK)
    return _ONE_CYCLE_END + (1 - _ONE_CYCLE_END) * _cosine((progress - PEAK) / (1 - PEAK))


# Where `step` falls to a tenth: K. He et al., arXiv:1512.03385, section 4.2, at half and at three
# quarters of their steps on CIFAR-10.
MILESTONES = (0.5, 0.75)
# Where `one_cycle` reaches the learning rate, from a 25th of it and down to a 250000th, both ways
# along a cosine: the defaults of torch's OneCycleLR. Momentum stays.
PEAK = 0.3
_ONE_CYCLE_START, _ONE_CYCLE_END = 1 / 25, 1 / 250_000
# From the share of the schedule that is past, 0 at the first step and below 1 at the last, to the
# factor. Closed forms: the factor of a step does not depend on how many came before in this run.
# Source of the cosine: I. Loshchilov, F. Hutter, arXiv:1608.03983, equation 5 without restarts; of
# the one cycle: L. Smith, N. Topin, arXiv:1708.07120.
SCHEDULES: Mapping[str, Callable[[float], float]] = MappingProxyType(
    {"constant": _constant, "cosine": _cosine, "step": _step, "one_cycle": _one_cycle}
)
# Of learned densities, from the epoch, from 0: nothing of them depends on how long the training
# is, so that a cut one is the beginning of a full one.
FIRST_CYCLE, CYCLE_GROWTH = 10, 2


def warm_restarts(epoch: int) -> float:
    """Return the factor in an epoch: from 1 to 0 along a cosine over 10 epochs, then 20, 40, ...

    Source: I. Loshchilov, F. Hutter, arXiv:1608.03983, equation 5, at whole epochs; T_0 and T_mult
    are the ones that the density's authors give (`service.studies.gradient_settings`).
    """
    length = FIRST_CYCLE
    while epoch >= length:
        epoch, length = epoch - length, length * CYCLE_GROWTH
    return _cosine(epoch / length)


OF_DENSITIES: Mapping[str, Callable[[int], float]] = MappingProxyType(
    {"constant": lambda _: 1.0, "warm_restarts": warm_restarts}
)


class Schedule:
    """Sets the learning rates of an optimizer's groups, step by step.

    torch's `LambdaLR` gives the same numbers; its call takes ten times as long.

    Args:
        optimizer: Its groups' rates are those of the factor 1; from now on those of step 0.
        factors: Of each group, from the number of steps that are past to the factor.
    """

    def __init__(self, optimizer: Optimizer, factors: Sequence[Callable[[int], float]]) -> None:
        groups = optimizer.param_groups
        self._optimizer, self._n_steps = optimizer, 0
        self._rates = [
            (float(group["lr"]), factor) for group, factor in zip(groups, factors, strict=True)
        ]
        self.skip_to(0)

    def step(self) -> None:
        """Set the rates of the next step, after every one of the optimizer's."""
        self.skip_to(self._n_steps + 1)

    def skip_to(self, n_steps: int) -> None:
        """Set the rates as after so many steps."""
        self._n_steps = n_steps
        # Read from the optimizer each time: loading a state replaces its groups.
        for group, (lr, factor) in zip(self._optimizer.param_groups, self._rates, strict=True):
            group["lr"] = lr * factor(n_steps)


def build_schedule(
    settings: TrainingSettings,
    optimizer: Optimizer,
    steps_per_epoch: int,
    *,
    of_densities: str | None = None,
) -> Schedule:
    """Build the schedule that a training's settings name; step it after every optimizer step.

    A training of ``epochs`` follows the first part of a schedule of ``schedule_epochs`` (it is
    cut), or, where that is null or missing, the whole schedule in its own epochs (it is
    shortened). A cut training is bit for bit the beginning of the full one. On top of either, the
    rate grows linearly in the steps of the first `warmup_epochs` and is whole at their last.

    Args:
        settings: `schedule`, `epochs`, `steps`, `schedule_epochs` and `warmup_epochs` count.
        optimizer: Its groups' learning rates are those of the factor 1.
        steps_per_epoch: At least 1.
        of_densities: That of the optimizer's last group, one of `OF_DENSITIES`, without a warm-up;
            None for the one of all.

    Raises:
        ValueError: No schedule has that name, or it ends before the training does.
    """
    name = settings.schedule
    if name not in SCHEDULES:
        raise ValueError(f"unknown schedule {name!r}: known are {', '.join(SCHEDULES)}")
    factor, n_steps = SCHEDULES[name], settings.steps_in(_epochs(settings), steps_per_epoch)
    n_warmup = settings.warmup_epochs * steps_per_epoch

    def factor_at(step: int) -> float:
        warmth = (step + 1) / n_warmup if step < n_warmup else 1.0
        return factor(step / n_steps) * warmth

    if of_densities is None:
        return Schedule(optimizer, [factor_at] * len(optimizer.param_groups))
    if of_densities not in OF_DENSITIES:
        raise ValueError(
            f"unknown schedule {of_densities!r} of densities: known are {', '.join(OF_DENSITIES)}"
        )
    own = OF_DENSITIES[of_densities]
    factors = [factor_at] * (len(optimizer.param_groups) - 1)
    return Schedule(optimizer, [*factors, lambda step: own(step // steps_per_epoch)])


def _epochs(settings: TrainingSettings) -> int:
    epochs, whole = settings.epochs, settings.schedule_epochs
    if whole is not None and whole < epochs:
        raise ValueError(f"a schedule of {whole} epochs ends before a training of {epochs}")
    return epochs if whole is None else whole
