"""The densities that a study tries at a point: one for each group of layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from densearch.density import families
from densearch.density.families import Density
from densearch.density.scale import matching_factor, scaled
from service.control_sections import ControlSpec
from service.records import Json
from service.studies import gradient_settings, planning
from service.studies.given_densities import density_of
from service.studies.layer_groups import WHOLE, Group, parted
from service.studies.resolved import TrainingJob
from service.studies.spaces import TUNED

# By the name of their group.
Densities = Mapping[str, Density]


def densities_at(
    resolved: TrainingJob, arm: str, vector: Sequence[float], matching: Densities | None = None
) -> dict[str, Density]:
    """Build the densities that an arm tries at a point, by group.

    Args:
        resolved: The job.
        arm: Name of the study.
        vector: The point's vector in real units, shape () for arms that search no density.
        matching: The best densities of the searches, for the flat control without a factor.
    """
    groups = resolved.groups
    control = planning.control_of(resolved.spec, arm)
    if control is None or arm == "density_tuned":
        family, is_scaled = resolved.density.family, resolved.spaces.of(arm).is_scaled
        parts = parted(groups, family, vector, is_scaled=is_scaled)
        if resolved.density.normalised and not is_scaled:
            parts = [[1.0, *own] for own in parts]
            is_scaled = True
        return (_built_scaled if is_scaled else built)(family, groups, parts)
    if arm == "flat_tuned":
        pairs = zip(groups, vector, strict=True)
        return {group.name: _control("flat", group, factor=value) for group, value in pairs}
    if arm in TUNED:
        return {group.name: _control("uniform", group) for group in groups}
    return {group.name: _fixed(control, group, matching or {}) for group in groups}


def learned_densities(resolved: TrainingJob, learned: Json) -> dict[str, Density]:
    """Build what a gradient training has learned, by the group that shares it."""
    groups = gradient_settings.learned_groups(resolved)
    vectors = learned["groups"]
    return built(resolved.density.family, groups, [vectors[group.name] for group in groups])


def of_equal_scale(resolved: TrainingJob, learned: Densities) -> Densities:
    """Return a density for each group of the job, of the scale of what its layers have learned.

    Where the layers of a group have learned one each it is flat: their root mean square.
    """
    by_layer = {
        layer: learned[group.name]
        for group in gradient_settings.learned_groups(resolved)
        for layer in group.layers
    }
    return {
        group.name: _of_layers(group, [by_layer[own] for own in group.layers])
        for group in resolved.groups
    }


def _of_layers(group: Group, densities: Sequence[Density]) -> Density:
    first, *others = densities
    if all(other is first for other in others):
        return first
    squares = [matching_factor(own) ** 2 for own in densities]
    return _control("flat", group, factor=float(np.sqrt(np.mean(squares))))


def built(
    family: str, groups: Sequence[Group], vectors: Sequence[Sequence[float]]
) -> dict[str, Density]:
    """Build a density for each group from its vector."""
    pairs = zip(groups, vectors, strict=True)
    return {g.name: families.build(family, g.kernel_size, vector, g.n_dims) for g, vector in pairs}


def _built_scaled(
    family: str, groups: Sequence[Group], vectors: Sequence[Sequence[float]]
) -> dict[str, Density]:
    """As `built`, from vectors that begin with a common factor."""
    shapes = built(family, groups, [own[1:] for own in vectors])
    factors = (own[0] for own in vectors)
    return {
        name: scaled(shape, factor)
        for (name, shape), factor in zip(shapes.items(), factors, strict=True)
    }


def with_factors(resolved: TrainingJob, vector: Sequence[float]) -> list[float]:
    """Return a vector with the common factor of each density before its values.

    Args:
        resolved: The job.
        vector: Free values of all groups, with or without the factors: densities of centre 1 have
            their root mean square.
    """
    family, groups = resolved.density.family, resolved.groups
    n_free = sum(group.n_free(family) for group in groups)
    if len(vector) != n_free:
        return list(vector)
    parts = parted(groups, family, vector)
    densities = built(family, groups, parts).values()
    pairs = zip(densities, parts, strict=True)
    return [v for one, own in pairs for v in (matching_factor(one), *own)]


def _fixed(control: ControlSpec, group: Group, matching: Densities) -> Density:
    if control.densities is not None:
        return density_of(control.densities, group)
    factor = control.factor
    if control.name == "flat" and factor is None and group.name in matching:
        # Weights of the same scale as the density's: the two arms differ by shape alone.
        factor = matching_factor(matching[group.name])
    return _control(control.name, group, sigma=control.sigma, factor=factor)


def _control(
    name: str, group: Group, *, sigma: float | None = None, factor: float | None = None
) -> Density:
    return families.control(
        name, group.kernel_size, sigma=sigma, factor=factor, n_dims=group.n_dims
    )


def phi_of(
    groups: Sequence[Group], densities: Densities, *, is_partial: bool = False
) -> list[Any] | Json | None:
    """Return densities in the form of a payload: equal trainings have equal payloads.

    Args:
        groups: Of the trial's own network.
        densities: By group.
        is_partial: Whether the network may have convolutions that carry no density.

    Returns:
        None where every density is 1 everywhere; one Phi as nested lists where all layers have
        the same and the network has no others; else Phi by layer, without those whose Phi is 1.
    """
    by_layer = {layer: densities[group.name].phi for group in groups for layer in group.layers}
    first, *others = by_layer.values()
    if not is_partial and all(np.array_equal(first, phi) for phi in others):
        whole: list[Any] = first.tolist()
        return None if np.all(first == 1.0) else whole
    return {
        layer: phi.tolist() for layer, phi in by_layer.items() if not np.all(phi == 1.0)
    } or None


def params_of(densities: Densities) -> Json:
    """Return densities in a short form, for people."""
    if WHOLE in densities:
        own = densities[WHOLE]
        scale: Json = {} if own.factor is None else {"factor": own.factor}
        return scale | _whole_params(own)
    chosen = list(densities.values())
    params: Json = {} if _has_den(chosen[0]) else {"density": chosen[0].family}
    if any(one.vector for one in chosen):
        params["densities"] = {name: list(one.vector) for name, one in densities.items()}
    factors = {name: one.factor for name, one in densities.items() if one.factor is not None}
    return params | ({"factors": factors} if factors else {})


def _whole_params(chosen: Density) -> Json:
    if _has_den(chosen):
        return {"den": list(chosen.vector)}
    return {"density": chosen.family} | ({"vector": list(chosen.vector)} if chosen.vector else {})


def _has_den(chosen: Density) -> bool:
    return chosen.family == "symmetric"
