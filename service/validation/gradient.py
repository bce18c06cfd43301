"""Rules of the sampler `gradient`: what does not fit together of options that are right alone."""

from __future__ import annotations

from collections.abc import Iterator

from service import networks, samplers
from service.errors import Fault
from service.samplers.sections import LAYER
from service.spec import DensitySpec, JobSpec
from service.studies import gradient_settings
from service.studies.gradient_settings import (
    AUTHORS_FAMILY,
    AUTHORS_OPTIMIZER,
    GradientSettings,
)
from service.studies.layer_groups import grouped, n_dims_of


def faults(spec: JobSpec, at: str) -> Iterator[Fault]:
    """Yield what does not fit together of options that are each right by themselves.

    Args:
        spec: A spec whose sections are filled.
        at: Pointer of the sampler.
    """
    settings, where = gradient_settings.settings_of(spec), f"{at}/options"
    if spec.fidelity is not None and spec.fidelity.audit and _is_alone(spec):
        detail = "gradient has one training, so that no other short one is left to be audited"
        yield Fault("/fidelity/audit", f"{detail}: leave it out, or add a sampler that searches")
    if spec.density is None or spec.training is None:
        return
    if settings.is_authors and spec.training.optimizer != AUTHORS_OPTIMIZER:
        detail = f"the authors train with AdamW: set training.optimizer to {AUTHORS_OPTIMIZER}"
        yield Fault(f"{where}/preset", f"{detail}, or give lr_factor and the others by themselves")
    if settings.is_authors and spec.density.family != AUTHORS_FAMILY:
        detail = f"the authors' density is {AUTHORS_FAMILY}: set density.family to that"
        yield Fault(f"{where}/preset", f"{detail}, or give lr_factor and the others by themselves")
    if settings.start is not None and spec.density.bounds is not None:
        yield from _start_faults(spec, spec.density, settings, f"{where}/start")


def _is_alone(spec: JobSpec) -> bool:
    """Whether every sampler of a job learns its density in one training."""
    return all(samplers.is_learned(wanted.name) for wanted in spec.samplers)


def _start_faults(
    spec: JobSpec, density: DensitySpec, settings: GradientSettings, at: str
) -> Iterator[Fault]:
    if spec.network is None or settings.start is None:
        return
    n_dims = n_dims_of(spec.task)
    try:
        layers = networks.layers_of(spec.network)
        shared = grouped(layers, density.scope, n_dims)
        learned = grouped(layers, LAYER, n_dims) if settings.scope == LAYER else shared
        bounded = gradient_settings.bounded(density, shared, learned)
    except ValueError:  # the network's or the bounds' own fault, which its own check reports
        return
    start = settings.start
    for group, bounds in bounded:
        if len(bounds) != len(start):
            detail = f"has {len(start)} values, the density of {group.title} {len(bounds)}"
            yield Fault(at, f"{detail}: give as many, the outermost first")
            return
        for index, (value, (low, high)) in enumerate(zip(start, bounds, strict=True)):
            if not low <= value <= high:
                detail = (
                    f"{value:g} is not within the bounds of {group.title}, {low:g} to {high:g}"
                )
                yield Fault(f"{at}/{index}", f"{detail}: start within, or widen density.bounds")
                return
