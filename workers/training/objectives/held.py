"""The objective of a package, checked at each call while it trains.

Its own exceptions pass unchanged, with their traceback: running out of memory must be recognised,
so that a pack can be tried again in halves.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor, nn

from densearch.plugins.objective import Batch, Generators, Judgement, Objective
from densearch.plugins.shape import InputShape, Split
from service.extensions.entry_points import PluginError

# By which the mean of the losses of items may differ from the loss.
_ROUNDING, _LEAST = 1e-4, 1e-9
# Names of metrics are columns of pages and keys of answers.
_METRIC = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


class HeldObjective(Objective):
    """Returns what the package's objective returns, if the training can use it."""

    def __init__(self, inner: Objective, title: str, info: Any) -> None:  # noqa: ANN401 - see Args
        """Hold an objective.

        Args:
            inner: The package's.
            title: What an error calls it.
            info: The `densearch.plugins.DataInfo` of its samples, by which the service
                chose and counted.

        Raises:
            PluginError: It has no shape or number of outputs, or others than its `data_of` gave.
        """
        self._inner, self._title = inner, title
        shape, n_outputs = getattr(inner, "shape", None), getattr(inner, "n_outputs", None)
        if not isinstance(shape, InputShape):
            raise self._fault("sets no shape, an InputShape of workers.training.networks")
        given = {"n_channels": shape.n_channels, "n_dims": shape.n_dims, "n_outputs": n_outputs}
        for name, value in given.items():
            wanted = getattr(info, name)
            if value != wanted:
                raise self._fault(f"has {name} {value!r}, its data_of gave {wanted}")
        self.shape, self.n_outputs = shape, info.n_outputs
        self.loss_unit = float(inner.loss_unit)
        own = type(inner)
        if (own.state_dict is Objective.state_dict) is not (
            own.load_state_dict is Objective.load_state_dict
        ):
            raise self._fault("has one of state_dict and load_state_dict: it needs both or none")

    def batches(self, batch_size: int, generators: Generators) -> Iterator[Batch]:
        """See `Objective.batches`."""
        for batch in self._inner.batches(batch_size, generators):
            is_pair = isinstance(batch, tuple | list) and len(batch) == 2
            if not (is_pair and all(isinstance(part, Tensor) for part in batch)):
                raise self._fault("gives a batch that is no pair of tensors, inputs and targets")
            inputs, targets = batch
            yield inputs, targets

    def n_batches(self, batch_size: int) -> int:
        """See `Objective.n_batches`."""
        counted = self._inner.n_batches(batch_size)
        if type(counted) is not int or counted < 1:
            raise self._fault(f"counts {counted!r} batches of {batch_size}: give at least 1")
        return counted

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """See `Objective.loss`."""
        found = self._inner.loss(outputs, targets)
        if not (isinstance(found, Tensor) and found.dim() == 0):
            raise self._fault(
                "has a loss that is no tensor of one number, which SGD could descend"
            )
        return found

    def evaluate(self, network: nn.Module, split: Split, *, thorough: bool) -> dict[str, float]:
        """See `Objective.evaluate`; numbers of numpy and torch become plain ones."""
        return self._metrics(self._inner.evaluate(network, split, thorough=thorough))

    def judge(self, network: nn.Module, split: Split) -> Judgement:
        """See `Objective.judge`; losses of items that are not those of the loss are refused.

        A class that changes how ours `evaluate` has no losses of items unless it judges, too.
        """
        if _base_of(type(self._inner), "evaluate") < _base_of(type(self._inner), "judge"):
            return Judgement(self.evaluate(network, split, thorough=True))
        found = self._inner.judge(network, split)
        if not isinstance(found, Judgement):
            raise self._fault("judges without a densearch.plugins.Judgement")
        metrics = self._metrics(found.metrics)
        losses, groups = found.item_losses, found.groups
        if losses is None:
            return Judgement(metrics)
        if not (isinstance(losses, Tensor) and losses.dim() == 1 and len(losses)):
            raise self._fault("gives item_losses that are no row of numbers")
        mean = float(losses.double().mean())
        if not math.isclose(mean, metrics["loss"], rel_tol=_ROUNDING, abs_tol=_LEAST):
            raise self._fault(
                f"gives item_losses with a mean of {mean:.6g}, and a loss of "
                f"{metrics['loss']:.6g}: the loss must be their mean"
            )
        if groups is not None and not (
            isinstance(groups, Tensor) and groups.shape == losses.shape
        ):
            raise self._fault("gives groups that are not one number for each of item_losses")
        return Judgement(metrics, losses, groups)

    def _metrics(self, found: object) -> dict[str, float]:
        if not isinstance(found, Mapping) or "loss" not in found:
            raise self._fault('judges without a "loss", which the search minimises')
        return {self._name(name): self._number(name, value) for name, value in found.items()}

    def state_dict(self) -> Mapping[str, Any]:
        """See `Objective.state_dict`."""
        return self._inner.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """See `Objective.load_state_dict`."""
        self._inner.load_state_dict(state)

    def _name(self, name: object) -> str:
        if isinstance(name, str) and _METRIC.fullmatch(name):
            return name
        raise self._fault(f"calls a metric {name!r:.100}: use letters, digits and _, at most 64")

    def _number(self, name: str, value: Any) -> float:  # noqa: ANN401 - whatever it gives
        reason = f"gives {name} as a {type(value).__name__}: it must be one number"
        if isinstance(value, Tensor) and value.numel() != 1:
            raise self._fault(reason)
        try:
            return float(value)
        except (TypeError, ValueError) as error:
            raise self._fault(reason) from error

    def _fault(self, reason: str) -> PluginError:
        return PluginError(f"{self._title} {reason}")


def _base_of(kind: type, name: str) -> int:
    """Return the index, in the order of resolution, of the base that defines a method."""
    return next(i for i, base in enumerate(kind.__mro__) if name in vars(base))
