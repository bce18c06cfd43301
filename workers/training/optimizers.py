"""Optimizers by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import nn


def build_optimizer(
    section: Mapping[str, Any], parameters: Iterable[nn.Parameter]
) -> torch.optim.Optimizer:
    """Build the optimizer that a job's training section names.

    Raises:
        ValueError: No optimizer has that name.
    """
    if section["optimizer"] != "sgd":
        raise ValueError(f"unknown optimizer {section['optimizer']!r}: known is sgd")
    momentum = float(section["momentum"])
    return torch.optim.SGD(
        parameters,
        lr=float(section["lr"]),
        momentum=momentum,
        # torch refuses Nesterov without momentum, where the two rules are the same.
        nesterov=bool(section["nesterov"]) and momentum > 0,
        weight_decay=float(section["weight_decay"]),
    )
