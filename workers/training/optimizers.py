"""Optimizers by name. A new optimizer is one row of the table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import torch
from torch import nn

# Parameters, or groups of them with settings of their own, as torch takes them.
Parameters = Iterable[nn.Parameter] | Iterable[dict[str, Any]]
# Adam's decay of squared gradients: the authors' value and torch's default, never searched.
BETA2 = 0.999


def build_optimizer(section: Mapping[str, Any], parameters: Parameters) -> torch.optim.Optimizer:
    """Build the optimizer that a job's training section names.

    ``momentum`` is SGD's momentum and Adam's beta1; ``weight_decay`` is an L2 penalty in SGD and
    Adam, decoupled in AdamW; ``nesterov`` is read by SGD alone.

    All are torch's own in their fused form, one call for all parameters: Adam's step of a small
    network takes a third of the time, SGD's a half. Parameters that this form cannot take have
    torch's default one.

    Raises:
        ValueError: No optimizer has that name.

    Source: D. Kingma, J. Ba, arXiv:1412.6980; I. Loshchilov, F. Hutter, arXiv:1711.05101.
    """
    name = section["optimizer"]
    if name not in OPTIMIZERS:
        raise ValueError(f"unknown optimizer {name!r}: known are {', '.join(OPTIMIZERS)}")
    kind, settings_of = OPTIMIZERS[name]
    listed: list[nn.Parameter | dict[str, Any]] = list(parameters)
    is_fused = True if _is_fusible(listed) else None
    return kind(listed, **settings_of(section), fused=is_fused)


def clip_gradients(
    optimizer: torch.optim.Optimizer, parameters: Iterable[nn.Parameter], clip_norm: float
) -> None:
    """Let every step scale these parameters' gradients down to a norm of at most `clip_norm`.

    Args:
        optimizer: Its weight decay is added after the clipping.
        parameters: Their gradients make up one vector, whose Euclidean norm counts.
        clip_norm: Above 0.

    Source: R. Pascanu et al., arXiv:1211.5063, algorithm 1.
    """
    clipped = list(parameters)

    def clip(*_: object) -> None:
        nn.utils.clip_grad_norm_(clipped, clip_norm)

    optimizer.register_step_pre_hook(clip)


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


def _sgd_settings(section: Mapping[str, Any]) -> dict[str, Any]:
    momentum = float(section["momentum"])
    return {
        "lr": float(section["lr"]),
        "momentum": momentum,
        # torch refuses Nesterov without momentum, where the two rules are the same.
        "nesterov": bool(section["nesterov"]) and momentum > 0,
        "weight_decay": float(section["weight_decay"]),
    }


def _adam_settings(section: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "lr": float(section["lr"]),
        "betas": (float(section["momentum"]), BETA2),
        "weight_decay": float(section["weight_decay"]),
    }


# What each keeps of a parameter from step to step.
KEPT: Mapping[type[torch.optim.Optimizer], frozenset[str]] = MappingProxyType(
    {
        torch.optim.SGD: frozenset({"momentum_buffer"}),
        torch.optim.Adam: frozenset({"step", "exp_avg", "exp_avg_sq"}),
        torch.optim.AdamW: frozenset({"step", "exp_avg", "exp_avg_sq"}),
    }
)
# Each optimizer, and what makes its settings of a training section.
OPTIMIZERS: Mapping[
    str, tuple[Callable[..., torch.optim.Optimizer], Callable[[Mapping[str, Any]], dict[str, Any]]]
] = MappingProxyType(
    {
        "sgd": (torch.optim.SGD, _sgd_settings),
        "adam": (torch.optim.Adam, _adam_settings),
        "adamw": (torch.optim.AdamW, _adam_settings),
    }
)
