"""The descent of candidates: their optimizers' steps, without what torch wraps around them.

`torch.optim.Optimizer.step` opens a record for the profiler, looks for hooks and collects its
tensors at each call, and its functional form sorts them by device: for a small network on a CPU
that takes several times as long as the arithmetic. Here the tensors are collected once and given
to the operation that both call in the end, which computes the same bits. Candidates of a pack
whose settings are equal are one call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from workers.training.optimizers import KEPT

Group = Mapping[str, Any]
# Of one group of parameters: the parameters, then each part of their state.
_Tensors = list[Tensor]
_Lists = list[_Tensors]
# Of groups that one call steps: the kind of optimizer and its settings.
_Key = tuple[type[torch.optim.Optimizer], tuple[object, ...]]


class GradientDescent:
    """Takes the optimizer steps of one candidate.

    Args:
        optimizer: torch's own, one of `optimizers.OPTIMIZERS`. It holds the settings and the
            state, which may be changed or loaded between steps.
        before: Called before each step, in order: what reads or changes gradients.
        after: Called after each step: what follows from the new weights.
    """

    def __init__(
        self,
        optimizer: torch.optim.Optimizer,
        before: Sequence[Callable[[], object]] = (),
        after: Sequence[Callable[[], object]] = (),
    ) -> None:
        self.optimizer, self.before, self.after = optimizer, before, after
        self._parameters: list[nn.Parameter] = [
            own for group in optimizer.param_groups for own in group["params"]
        ]
        self._lists: list[_Lists] = []
        self._has_begun = False
        # Where the lists were collected from: no longer the optimizer's once another is loaded.
        self._state: object = None

    def clear(self) -> None:
        """Forget the gradients of the step before."""
        for own in self._parameters:
            own.grad = None

    def lists(self) -> list[_Lists] | None:
        """Return each group's tensors, or None where torch's own method has to take the step.

        It takes the first one, which makes the state, those where a parameter has no gradient, and
        those of parameters that the fused form cannot take.
        """
        if not self._has_begun or any(own.grad is None for own in self._parameters):
            self._has_begun = True
            return None
        if self._state is not self.optimizer.state:
            collected = [_collect(self.optimizer, group) for group in self.optimizer.param_groups]
            self._lists = [lists for lists in collected if lists is not None]
            if len(self._lists) < len(collected):
                return None
            self._state = self.optimizer.state
        return self._lists


@torch.no_grad()
def descend(descent: GradientDescent) -> None:
    """Take one step of a candidate alone, whose parameters have the gradients of its loss."""
    for call in descent.before:
        call()
    step_together([descent])
    for call in descent.after:
        call()


def step_together(descents: Sequence[GradientDescent]) -> None:
    """Take one step of each optimizer, without what comes before it and after it.

    Each candidate's tensors are its own, so that the bits of its step are, too: what of a tensor
    fills no register is rounded in another way.

    Args:
        descents: Their parameters have gradients; called without autograd.
    """
    joined: dict[_Key, tuple[Group, _Lists]] = {}
    for own in descents:
        collected = own.lists()
        if collected is None:
            own.optimizer.step()
            continue
        for group, lists in zip(own.optimizer.param_groups, collected, strict=True):
            _, parts = joined.setdefault(_key(own.optimizer, group), (group, [[] for _ in lists]))
            for part, tensors in zip(parts, lists, strict=True):
                part.extend(tensors)
    for (kind, _), (of_all, (parameters, *state)) in joined.items():
        gradients = [own.grad for own in parameters if own.grad is not None]
        _KINDS[kind].step(of_all, parameters, gradients, state)


def _key(optimizer: torch.optim.Optimizer, group: Group) -> _Key:
    kind = type(optimizer)
    return kind, tuple(group[name] for name in _KINDS[kind].settings)


def _collect(optimizer: torch.optim.Optimizer, group: Group) -> _Lists | None:
    """Return a group's tensors; None before its first step, or where it is not fused."""
    if not group["fused"]:
        return None
    states = [optimizer.state[own] for own in group["params"]]
    names = KEPT[type(optimizer)] if group.get("momentum") != 0 else ()
    if any(state.get(name) is None for name in names for state in states):
        return None
    return [list(group["params"]), *([state[name] for state in states] for name in names)]


def _step_sgd(group: Group, parameters: _Tensors, gradients: _Tensors, state: _Lists) -> None:
    settings = {name: group[name] for name in _KINDS[torch.optim.SGD].settings}
    momenta = state[0] if state else []
    torch._fused_sgd_(parameters, gradients, momenta, is_first_step=False, **settings)


def _step_adam(group: Group, parameters: _Tensors, gradients: _Tensors, state: _Lists) -> None:
    means, squares, steps = state
    settings = {name: group[name] for name in _KINDS[torch.optim.Adam].settings}
    settings["beta1"], settings["beta2"] = settings.pop("betas")
    is_decoupled = settings.pop("decoupled_weight_decay")
    adam = torch._fused_adamw_ if is_decoupled else torch._fused_adam_
    torch._foreach_add_(steps, 1)
    adam(parameters, gradients, means, squares, [], steps, amsgrad=False, **settings)


class _Kind(NamedTuple):
    """How a kind of optimizer is called: its step, and what it reads of a group.

    The step's last argument holds the state's parts in the order of `optimizers.KEPT`.
    """

    step: Callable[[Group, _Tensors, _Tensors, _Lists], None]
    settings: tuple[str, ...]


_ADAM = _Kind(
    _step_adam,
    ("lr", "betas", "eps", "weight_decay", "decoupled_weight_decay", "maximize"),
)
_KINDS: Mapping[type[torch.optim.Optimizer], _Kind] = MappingProxyType(
    {
        torch.optim.SGD: _Kind(
            _step_sgd,
            ("lr", "momentum", "dampening", "weight_decay", "nesterov", "maximize"),
        ),
        torch.optim.Adam: _ADAM,
        torch.optim.AdamW: _ADAM,
    }
)
