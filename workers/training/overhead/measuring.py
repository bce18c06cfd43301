"""Steps in every form, timed side by side."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch import nn

from densearch.nn.memory_format import lay_out, place_network
from densearch.plugins.shape import InputShape
from workers.training.descent import descend
from workers.training.generators import generator
from workers.training.networks import build_network
from workers.training.overhead.cases import Case
from workers.training.overhead.forms import FORMS

# So small that nothing moves: activations stay those of the first step.
_SGD = MappingProxyType({"lr": 1e-9, "momentum": 0.9, "fused": True})
_WARM_UP_ROUNDS = 3


@dataclass(frozen=True)
class StepOverhead:
    """One form's ratios to the plain step, one for each round."""

    form: str
    ratios: tuple[float, ...]

    def quartiles(self) -> tuple[float, float, float]:
        """Return the lower quartile, the median and the upper quartile."""
        low, median, high = np.quantile(self.ratios, [0.25, 0.5, 0.75])
        return float(low), float(median), float(high)


def measure(case: Case, n_rounds: int) -> tuple[float, list[StepOverhead]]:
    """Time a network's training step in every form that its layers allow.

    Args:
        case: What is trained.
        n_rounds: At least 1.

    Returns:
        The median plain step in ms, and an `StepOverhead` for each form but plain.
    """
    steps = {form: step for form in FORMS if (step := stepper(case, form)) is not None}
    times: dict[str, list[float]] = {form: [] for form in steps}
    shuffled = random.Random(0)  # noqa: S311 - in no order that favours a form
    for turn in range(-_WARM_UP_ROUNDS, n_rounds):
        for form in shuffled.sample(list(steps), len(steps)):
            taken = _time_ms(steps[form])
            if turn >= 0:
                times[form].append(taken)
    plain = np.array(times.pop("plain"))
    ratios = [StepOverhead(form, tuple(np.array(taken) / plain)) for form, taken in times.items()]
    return float(np.median(plain)), ratios


def stepper(
    case: Case, form: str, settings: Mapping[str, Any] = _SGD
) -> Callable[[], nn.Module] | None:
    """Return what takes one step of SGD on the mean square of the outputs.

    Args:
        case: What is trained; equal cases start from equal weights.
        form: One of `FORMS`.
        settings: Of torch's SGD.

    Returns:
        A function that returns the network after its step; None where a layer has no such form.
    """
    shape = InputShape(1, case.size_px, case.n_dims)
    network = build_network(case.section, shape, 1, generator(0))
    kernel = (case.section["kernel_size"],) * case.n_dims
    phi = torch.linspace(0.5, 1.0, math.prod(kernel)).view(kernel)
    place_network(network, torch.device("cpu"), case.n_dims)
    descent = FORMS[form](network, phi, settings)
    if descent is None:
        return None
    size = (case.batch_size, 1, *(case.size_px,) * case.n_dims)
    samples = lay_out(torch.rand(size, generator=generator(1)))

    def step() -> nn.Module:
        descent.clear()
        network(samples).square().mean().backward()
        descend(descent)
        return network

    return step


def _time_ms(step: Callable[[], nn.Module]) -> float:
    start = time.process_time()
    step()
    return (time.process_time() - start) * 1000
