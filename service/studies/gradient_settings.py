"""How densities are learned with the weights: the options of `gradient`, the authors' preset.

Source of the preset: the training strategy in the README of cammarasana123/weightedConvolution2.0
(commit 7ee7e21) for the trainable variant of arXiv:2505.24527.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from service import samplers
from service.records import Json
from service.samplers.sections import AUTHORS, LAYER, SAME, WARM_RESTARTS, GradientOptions
from service.spec import DensitySpec, JobSpec
from service.studies.layer_groups import Group, parted
from service.studies.resolved import TrainingJob
from service.studies.training_payload import DensityLearning, LearnedGroup

# At the weights' own rate SGD drove densities out of range in 2 of 3 runs on digits; Adam, whose
# steps have the size of the rate, hardly moved them at a tenth.
LR_FACTORS = {"sgd": 0.1, "adam": 1.0, "adamw": 1.0}
# What the preset stands for; an option that is given, too, takes the place of its value.
AUTHORS_OPTIONS: Mapping[str, Any] = MappingProxyType(
    {
        "lr_factor": 100.0,  # AdamW at 1e-2, the weights at 1e-4
        "weight_decay": 0.01,
        "schedule": WARM_RESTARTS,
        "scope": LAYER,
    }
)
# By kernel size, outermost first: 7 from the trainable variant, 3 and 5 from the first release.
AUTHORS_STARTS = {3: (0.5,), 5: (0.3, 1.5), 7: (0.27, 0.17, 0.54)}
AUTHORS_OPTIMIZER, AUTHORS_FAMILY = "adamw", "symmetric"
# The density of a plain convolution.
PLAIN = 1.0


@dataclass(frozen=True, slots=True)
class GradientSettings:
    """How a training learns its densities.

    Attributes:
        lr_factor: Their learning rate over that of the weights.
        weight_decay: Theirs, in the form that the job's optimizer has.
        schedule: Of their learning rate, see `service.samplers.sections.GradientOptions`.
        scope: "job", the groups of layers that the job's other studies have, or "layer".
        start: The first values of each density, outermost first; None for what is usual.
        is_authors: Whether the authors' values are usual, where they have some.
    """

    lr_factor: float
    weight_decay: float
    schedule: str
    scope: str
    start: tuple[float, ...] | None
    is_authors: bool


def settings_of(spec: JobSpec) -> GradientSettings:
    """Return a complete spec's settings, with the preset's values where an option is not given."""
    given = next((one.options for one in spec.samplers if samplers.is_learned(one.name)), {})
    is_authors = given.get("preset") == AUTHORS
    options = GradientOptions.model_validate({**(AUTHORS_OPTIONS if is_authors else {}), **given})
    optimizer = spec.training.optimizer if spec.training is not None else "sgd"
    is_given = "lr_factor" in options.model_fields_set
    return GradientSettings(
        lr_factor=options.lr_factor if is_given else LR_FACTORS[optimizer],
        weight_decay=options.weight_decay,
        schedule=options.schedule,
        scope=options.scope,
        start=None if options.start is None else tuple(options.start),
        is_authors=is_authors,
    )


def learned_groups(resolved: TrainingJob) -> Sequence[Group]:
    """Return the groups of layers that share a learned density."""
    is_by_layer = settings_of(resolved.spec).scope == LAYER
    return resolved.groups_in(LAYER) if is_by_layer else resolved.groups


def learning_of(resolved: TrainingJob) -> DensityLearning:
    """Return which densities the trainings of a job's gradient study learn, and how."""
    settings, density = settings_of(resolved.spec), resolved.density
    found = bounded(density, resolved.groups, learned_groups(resolved))
    return DensityLearning(
        density.family,
        [_group(settings, group, own) for group, own in found],
        settings.lr_factor,
        settings.weight_decay,
        None if settings.schedule == SAME else settings.schedule,
    )


def bounded(
    density: DensitySpec, shared: Sequence[Group], learned: Sequence[Group]
) -> list[tuple[Group, list[list[float]]]]:
    """Return each learned group with the bounds that its layers have in the job.

    Args:
        density: The job's density section.
        shared: The job's groups of layers.
        learned: Those that share a learned density.

    Raises:
        ValueError: The job has another number of bounds.
    """
    parts = parted(shared, density.family, density.bounds or [])
    by_layer = {
        layer: own for group, own in zip(shared, parts, strict=True) for layer in group.layers
    }
    return [(group, by_layer[group.layers[0]]) for group in learned]


def _group(
    settings: GradientSettings, group: Group, bounds: Sequence[Sequence[float]]
) -> LearnedGroup:
    pairs = zip(_start(settings, group, len(bounds)), bounds, strict=True)
    start = [min(max(value, low), high) for value, (low, high) in pairs]
    return LearnedGroup(group.name, group.layers, group.kernel_size, start, bounds)


def _start(settings: GradientSettings, group: Group, n_free: int) -> Sequence[float]:
    """Return where a density begins: as plain as the box allows, where nothing else is said."""
    if settings.start is not None:
        return settings.start
    usual = AUTHORS_STARTS.get(group.kernel_size) if settings.is_authors else None
    return usual if usual is not None else (PLAIN,) * n_free


# What came of it


def with_bounds(resolved: TrainingJob, payload: Json, learned: Json) -> Json:
    """Return what a training has learned, with those of its values that ended at a bound.

    Args:
        resolved: The job.
        payload: The training's.
        learned: Its `groups`, see `service.orchestration.messages.Ended`.

    Returns:
        The same with `at_bounds`: for each such value `name`, `bound` ("low" or "high") and
        `value`.
    """
    asked = DensityLearning.of(payload["gradient"])
    found = []
    for group, own in zip(learned_groups(resolved), asked.groups, strict=True):
        values = learned["groups"][group.name]
        rows = zip(group.value_names(asked.family), values, own.bounds, strict=True)
        for name, value, (low, high) in rows:
            if value in (low, high):
                bound = "low" if value == low else "high"
                found.append({"name": name, "bound": bound, "value": value})
    return {**learned, "at_bounds": found}


def bounds_in_words(arm: str, learned: Json) -> str | None:
    """Say which learned values ended at a bound; None where none did, or none is known to have."""
    found = learned.get("at_bounds")
    if not found:
        return None
    n_values = sum(map(len, learned["groups"].values()))
    n_low = sum(row["bound"] == "low" for row in found)
    counts = {"lower": n_low, "upper": len(found) - n_low}
    ends = " and ".join(f"{n} at the {end} bound" for end, n in counts.items() if n)
    return (
        f"{arm}: {len(found)} of {n_values} learned values ended at their bounds "
        f"({ends}); wider density.bounds may give other values."
    )
