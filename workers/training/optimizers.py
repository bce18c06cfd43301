"""Optimizers by name. A new optimizer is one function and one row of the table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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
    network takes a third of the time, SGD's a half.

    Raises:
        ValueError: No optimizer has that name.

    Source: D. Kingma, J. Ba, arXiv:1412.6980; I. Loshchilov, F. Hutter, arXiv:1711.05101.
    """
    name = section["optimizer"]
    if name not in OPTIMIZERS:
        raise ValueError(f"unknown optimizer {name!r}: known are {', '.join(OPTIMIZERS)}")
    return OPTIMIZERS[name](section, parameters)


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


def _sgd(section: Mapping[str, Any], parameters: Parameters) -> torch.optim.Optimizer:
    momentum = float(section["momentum"])
    return torch.optim.SGD(
        parameters,
        lr=float(section["lr"]),
        momentum=momentum,
        # torch refuses Nesterov without momentum, where the two rules are the same.
        nesterov=bool(section["nesterov"]) and momentum > 0,
        weight_decay=float(section["weight_decay"]),
        fused=True,
    )


def _adam(section: Mapping[str, Any], parameters: Parameters) -> torch.optim.Optimizer:
    return torch.optim.Adam(parameters, **_adam_settings(section))


def _adamw(section: Mapping[str, Any], parameters: Parameters) -> torch.optim.Optimizer:
    return torch.optim.AdamW(parameters, **_adam_settings(section))


def _adam_settings(section: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "lr": float(section["lr"]),
        "betas": (float(section["momentum"]), BETA2),
        "weight_decay": float(section["weight_decay"]),
        "fused": True,
    }


OPTIMIZERS: Mapping[str, Callable[[Mapping[str, Any], Parameters], torch.optim.Optimizer]] = (
    MappingProxyType({"sgd": _sgd, "adam": _adam, "adamw": _adamw})
)
