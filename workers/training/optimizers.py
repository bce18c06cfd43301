"""Optimizers by name. A new optimizer is one row of the table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

import torch
from torch import nn

from service.studies.training_payload import TrainingSettings

# Parameters, or groups of them with settings of their own, as torch takes them.
Parameters = Iterable[nn.Parameter] | Iterable[dict[str, Any]]
# Adam's decay of squared gradients: the authors' value and torch's default, never searched.
BETA2 = 0.999


def build_optimizer(settings: TrainingSettings, parameters: Parameters) -> torch.optim.Optimizer:
    """Build the optimizer that a training's settings name.

    ``momentum`` is SGD's momentum and Adam's beta1; ``weight_decay`` is an L2 penalty in SGD and
    Adam, decoupled in AdamW; ``nesterov`` is read by SGD alone.

    All are torch's own in their fused form, one call for all parameters: Adam's step of a small
    network takes a third of the time, SGD's a half. Parameters that this form cannot take have
    torch's default one.

    Raises:
        ValueError: No optimizer has that name.

    Source: D. Kingma, J. Ba, arXiv:1412.6980; I. Loshchilov, F. Hutter, arXiv:1711.05101.
    """
    name = settings.optimizer
    if name not in OPTIMIZERS:
        raise ValueError(f"unknown optimizer {name!r}: known are {', '.join(OPTIMIZERS)}")
    kind, settings_of = OPTIMIZERS[name]
    listed: list[nn.Parameter | dict[str, Any]] = list(parameters)
    is_fused = True if _is_fusible(listed) else None
    return kind(listed, **settings_of(settings), fused=is_fused)


def clipping(parameters: Iterable[nn.Parameter], clip_norm: float) -> Callable[[], object]:
    """Return a function that scales these parameters' gradients to a norm of at most `clip_norm`.

    Args:
        parameters: Their gradients make up one vector, whose Euclidean norm counts. Weight decay
            is added afterwards, by the optimizer.
        clip_norm: Above 0.

    Source: R. Pascanu et al., arXiv:1211.5063, algorithm 1.
    """
    return partial(nn.utils.clip_grad_norm_, list(parameters), clip_norm)


def _is_fusible(listed: Sequence[nn.Parameter | dict[str, Any]]) -> bool:
    """Whether the fused form steps all of these parameters right.

    It refuses complex ones, and it takes values and gradients as they lie in memory: where those
    of a parameter have gaps between them, as in a slice, it would step other values.
    """
    groups = (given["params"] if isinstance(given, dict) else [given] for given in listed)
    return all(own.is_floating_point() and _is_dense(own) for group in groups for own in group)


def _is_dense(parameter: nn.Parameter) -> bool:
    # A tensor like it has its strides where it is dense, and others where it is not.
    return torch.empty_like(parameter, device="meta").stride() == parameter.stride()


def _of_sgd(settings: TrainingSettings) -> dict[str, Any]:
    return {
        "lr": settings.lr,
        "momentum": settings.momentum,
        # torch refuses Nesterov without momentum, where the two rules are the same.
        "nesterov": settings.nesterov and settings.momentum > 0,
        "weight_decay": settings.weight_decay,
    }


def _of_adam(settings: TrainingSettings) -> dict[str, Any]:
    return {
        "lr": settings.lr,
        "betas": (settings.momentum, BETA2),
        "weight_decay": settings.weight_decay,
    }


# What each keeps of a parameter from step to step.
KEPT: Mapping[type[torch.optim.Optimizer], tuple[str, ...]] = MappingProxyType(
    {
        torch.optim.SGD: ("momentum_buffer",),
        torch.optim.Adam: ("exp_avg", "exp_avg_sq", "step"),
        torch.optim.AdamW: ("exp_avg", "exp_avg_sq", "step"),
    }
)
# Each optimizer, and what makes its arguments of the settings.
OPTIMIZERS: Mapping[
    str, tuple[Callable[..., torch.optim.Optimizer], Callable[[TrainingSettings], dict[str, Any]]]
] = MappingProxyType(
    {
        "sgd": (torch.optim.SGD, _of_sgd),
        "adam": (torch.optim.Adam, _of_adam),
        "adamw": (torch.optim.AdamW, _of_adam),
    }
)
