"""Rules of the control `fixed`: a name of its own, a density for each kernel of the network."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import get_args

from densearch.density import families
from service import networks
from service.control_sections import ControlName, ControlSpec, GivenDensity
from service.errors import Fault
from service.spec import JobSpec
from service.studies import given_densities
from service.studies.external import network_of
from service.studies.layer_groups import Group, grouped, n_dims_of
from service.tasks.function import FunctionTask
from service.tasks.sections import data_of

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def faults(spec: JobSpec, control: ControlSpec, at: str) -> Iterator[Fault]:
    """Yield what is wrong with a fixed control.

    Args:
        spec: A spec whose sections are filled.
        control: The control.
        at: Its pointer.
    """
    if isinstance(spec.task, FunctionTask):
        return  # it has no controls
    data = data_of(spec.task)
    yield from _label_faults(spec, control.label, f"{at}/label")
    if control.densities is None:
        detail = "give the densities: a vector or alpha for each size of kernel"
        yield Fault(f"{at}/densities", detail)
        return
    n_dims = len(families.FACTOR_NAMES) if data is None else data.n_dims
    alone = list(_single_faults(control.densities, n_dims, f"{at}/densities"))
    yield from alone
    if not alone and data is not None:  # else the kernels are not known yet
        # A width is for kernels of every size: its fault is one.
        yield from dict.fromkeys(_group_faults(spec, control.densities, f"{at}/densities"))


def _label_faults(spec: JobSpec, label: str | None, at: str) -> Iterator[Fault]:
    if label is None:
        yield Fault(at, "name the density: the report shows it by this name")
    elif not _LABEL.fullmatch(label):
        detail = "takes letters, digits and . _ - alone, a letter or digit first: rename it"
        yield Fault(at, detail)
    elif label in get_args(ControlName):
        yield Fault(at, f"{label} is the name of a control of its own: choose another")
    else:
        for name in (wanted.name for wanted in spec.samplers):
            if label == name or label.startswith((f"{name}-", f"{name}_")):
                yield Fault(at, f"may be the name of a search by {name}: choose another")
                return


def _single_faults(given: Sequence[GivenDensity], n_dims: int, at: str) -> Iterator[Fault]:
    for index, one in enumerate(given):
        for field, detail in given_densities.faults_in(one, n_dims):
            yield Fault(f"{at}/{index}{field}", detail)


def _group_faults(spec: JobSpec, given: Sequence[GivenDensity], at: str) -> Iterator[Fault]:
    for group in _kernels(spec):
        fitting = [i for i, one in enumerate(given) if given_densities.fits(one, group)]
        if not fitting:
            n_free = group.n_free("symmetric")
            remedy = f"add one, such as a symmetric vector of {n_free} values"
            yield Fault(at, f"none is for {group.window} kernels: {remedy}")
            continue
        first, *others = fitting
        for index in others:
            detail = f"is for {group.window} kernels, as densities/{first}: leave one out"
            yield Fault(f"{at}/{index}", detail)
        try:
            given_densities.density_of(given, group)
        except ValueError as error:
            yield Fault(f"{at}/{first}", str(error))


def _kernels(spec: JobSpec) -> list[Group]:
    """Return a group for each size of kernel; none where the network is not known or is wrong."""
    network = network_of(spec)
    if network is None:
        return []
    try:
        return grouped(networks.layers_of(network), "network", n_dims_of(spec.task))
    except ValueError:  # its own check reports it
        return []
