"""What a worker receives of a trial: the contract between the service and its workers.

A payload is all that determines a trial's result, apart from the device and the versions of code;
its digest is the training's name (`service.digest`). `service.studies.payloads` builds payloads,
and this module alone knows the names in their JSON. It is read by processes that train, so it
imports no pydantic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, Literal

from service.extensions.entry_points import Group
from service.records import Json

# A part of a job's spec as JSON, its defaults filled in.
Section = Mapping[str, Any]
Split = Literal["validation", "test"]
# Phi as nested sequences of shape (K,) * n_dims; or one for each layer that is named.
Phi = Sequence[Any] | Mapping[str, Sequence[Any]]
_FUNCTION = "function"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSettings:
    """How a network is trained: a training section, typed, without what is an objective's.

    See `service.spec.Training` for meaning and ranges. What has a default here may be missing:
    trainings were named before there was such a setting. An objective, ours or a plug-in's, reads
    `augmentation`, `drop_last` and `label_smoothing` from the section itself.

    Attributes:
        schedule_epochs: Epochs of the whole schedule, of which a cut training follows the first
            part; None for the training's own.
        steps: Of the whole training, where its length is given in steps; a short training has so
            many of its epochs.
    """

    optimizer: str
    lr: float
    momentum: float
    nesterov: bool
    weight_decay: float
    batch_size: int
    epochs: int
    steps: int | None = None
    schedule: str = "constant"
    schedule_epochs: int | None = None
    warmup_epochs: int = 0
    initialisation: str = "framework"
    clip_norm: float | None = None
    precision: str = "float32"

    @classmethod
    def of(cls, section: Section) -> TrainingSettings:
        """Read a training section."""
        known = {name: section[name] for name in _TYPES if section.get(name) is not None}
        return cls(**{name: _TYPES[name](value) for name, value in known.items()})

    def epoch_steps(self, n_batches: int) -> int:
        """Return the steps of an epoch; the last one of a training in steps may have fewer.

        Args:
            n_batches: Batches of all training samples, at least 1.
        """
        return n_batches if self.steps is None else _epoch_steps(self.steps)

    def steps_in(self, epochs: int, n_batches: int) -> int:
        """Return the steps of so many epochs from the beginning."""
        n_steps = epochs * self.epoch_steps(n_batches)
        return n_steps if self.steps is None else min(n_steps, self.steps)


# Of a training whose length is given in steps: so many epochs, where there are as many steps.
MOST_EPOCHS = 10


def _epoch_steps(steps: int) -> int:
    return -(-steps // MOST_EPOCHS)


def epochs_in(steps: int) -> int:
    """Return the epochs of a training of so many steps: tenths of it, in whole steps."""
    return -(-steps // _epoch_steps(steps))


# A searched setting may be chosen from whole numbers where a real one is meant.
_TYPES: Mapping[str, Callable[[Any], Any]] = {
    own.name: {"str": str, "int": int, "float": float, "bool": bool}[str(own.type).split()[0]]
    for own in fields(TrainingSettings)
}


@dataclass(frozen=True, slots=True)
class LearnedGroup:
    """Layers that share a learned density.

    Attributes:
        name: The group's, see `service.studies.layer_groups.Group`.
        layers: Names as in `named_modules()`.
        kernel_size: K, odd.
        start: First free values, shape (n_free,), within the bounds.
        bounds: [low, high] of each free value.
    """

    name: str
    layers: Sequence[str]
    kernel_size: int
    start: Sequence[float]
    bounds: Sequence[Sequence[float]]

    def to_json(self) -> Json:
        """Return it as a payload has it."""
        return {
            "name": self.name,
            "layers": list(self.layers),
            "kernel_size": self.kernel_size,
            "start": list(self.start),
            "bounds": self.bounds,
        }


@dataclass(frozen=True, slots=True)
class DensityLearning:
    """Densities that are learned with the weights, in place of a given one.

    Attributes:
        family: One of `densearch.density.families.FAMILIES`.
        groups: Of layers that share a density.
        lr_factor: Learning rate of the free values over that of the weights, above 0.
        weight_decay: Of the free values, in the form that the optimizer has, from 0.
        schedule: Of their learning rate, one of `workers.training.schedules.OF_DENSITIES`; None
            for that of the weights.
    """

    family: str
    groups: Sequence[LearnedGroup]
    lr_factor: float
    weight_decay: float = 0.0
    schedule: str | None = None

    @classmethod
    def of(cls, section: Section) -> DensityLearning:
        """Read the `gradient` section of a payload."""
        groups = tuple(LearnedGroup(**group) for group in section["groups"])
        return cls(**{**section, "groups": groups})

    def to_json(self) -> Json:
        """Return the section; without defaults, so that digests from before an option stay."""
        section: Json = {
            "family": self.family,
            "groups": [group.to_json() for group in self.groups],
            "lr_factor": self.lr_factor,
        }
        if self.weight_decay > 0.0:
            section["weight_decay"] = self.weight_decay
        if self.schedule is not None:
            section["schedule"] = self.schedule
        return section


@dataclass(frozen=True)
class TrainingPayload:
    """All that determines one training's result.

    Sections are kept as they are stored: the digest is made of them, and networks, objectives and
    plug-ins read their own. `settings` and `learning` are the typed forms of the others.

    Attributes:
        task: The job's task section.
        network: The job's network section, with what is searched of it.
        training: The job's training section, with what is searched of it, see `settings`.
        phi: The density of every convolution; or one for each layer named, the others staying
            plain. None is the plain network.
        seed: Of initial weights, batch order and noise; 0 <= seed. Equal seeds give every
            density the same draws (common random numbers).
        split: What the final value is measured on. Epochs are always measured on validation.
        gradient: Densities to be learned in place of `phi`, see `learning`.
        packages: By group of entry points and name, the package and version of each plug-in, see
            `service.extensions.entry_points.require`.
        threads: With which it computes on a CPU, from 1.
        is_packed: Whether its job asks for packs, whose sums have another order.
    """

    task: Section
    network: Section
    training: Section
    phi: Phi | None
    seed: int
    split: Split = "validation"
    gradient: Section | None = None
    packages: Mapping[Group, Mapping[str, str]] = field(default_factory=dict)
    threads: int = 1
    is_packed: bool = False

    @classmethod
    def from_json(cls, payload: Json) -> TrainingPayload:
        """Read what `to_json` gave."""
        return cls(
            task=payload["task"],
            network=payload["network"],
            training=payload["training"],
            phi=payload["phi"],
            seed=payload["seed"],
            split=payload["split"],
            gradient=payload.get("gradient"),
            packages=payload.get("packages", {}),
            threads=payload.get("threads", 1),
            is_packed=payload.get("packed", False),
        )

    def to_json(self) -> Json:
        """Return it as it is stored; without defaults, as digests from before an option are."""
        payload: Json = {
            "task": self.task,
            "network": self.network,
            "training": self.training,
            "phi": self.phi,
            "split": self.split,
        }
        optional = {
            "packages": self.packages or None,
            "threads": self.threads if self.threads > 1 else None,
            "packed": self.is_packed or None,
            "gradient": self.gradient,
        }
        payload |= {name: value for name, value in optional.items() if value is not None}
        return payload | {"seed": self.seed}

    @cached_property
    def settings(self) -> TrainingSettings:
        """The training section, typed."""
        return TrainingSettings.of(self.training)

    @cached_property
    def learning(self) -> DensityLearning | None:
        """The gradient section, typed."""
        return DensityLearning.of(self.gradient) if self.gradient is not None else None


@dataclass(frozen=True, slots=True)
class FunctionPayload:
    """A call of a test function.

    Attributes:
        name: One of `workers.functions`.
        dimension: Length of its argument.
        sleep_s: How long the call takes at least, in seconds.
        point: The argument, shape (dimension,), in the unit cube.
        seed: Of the job's searches; no function reads it, but it is part of the digest.
    """

    name: str
    dimension: int
    sleep_s: float
    point: Sequence[float]
    seed: int

    @classmethod
    def from_json(cls, payload: Json) -> FunctionPayload:
        """Read what `to_json` gave."""
        task = payload["task"]
        called = (task["name"], task["dimension"], task["sleep_s"])
        return cls(*called, point=payload["point"], seed=payload["seed"])

    def to_json(self) -> Json:
        """Return it as it is stored."""
        task = {
            "kind": _FUNCTION,
            "name": self.name,
            "dimension": self.dimension,
            "sleep_s": self.sleep_s,
        }
        return {"task": task, "point": list(self.point), "seed": self.seed}


Payload = TrainingPayload | FunctionPayload


def payload_of(payload: Json) -> Payload:
    """Read the payload of a stored trial."""
    if payload["task"]["kind"] == _FUNCTION:
        return FunctionPayload.from_json(payload)
    return TrainingPayload.from_json(payload)


# Of a stored payload, without reading all of it: rules and reports look at every trial.


def trains(payload: Json) -> bool:
    """Whether a stored trial trains a network."""
    return payload.get("training") is not None


def epochs_of(payload: Json) -> int:
    """Return how many epochs a stored trial of a training has."""
    return int(payload["training"]["epochs"])


def is_packed(payload: Json) -> bool:
    """Whether a stored trial's job asks for packs."""
    return bool(payload.get("packed"))
