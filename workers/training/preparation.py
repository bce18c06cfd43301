"""Builds everything that a training task needs: network, optimizer, schedule, objective."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from densearch.nn.memory_format import place_network
from densearch.nn.operator import apply_density
from densearch.plugins.objective import Batch, Generators, Objective
from service.extensions import entry_points
from workers.training.descent import GradientDescent
from workers.training.fitting import require_fit
from workers.training.generators import generators_of
from workers.training.learning import LearnedDensities, learn_density, parameter_groups
from workers.training.master_weights import MasterWeights
from workers.training.networks import NETWORKS, build_network
from workers.training.objectives import OBJECTIVES, build_objective
from workers.training.optimizers import build_optimizer, clipping
from workers.training.schedules import Schedule, build_schedule
from workers.training.task import TrainingTask

# A density of any number of axes as nested tuples, which can be compared and be a key.
NestedDensity = tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Prepared:
    """The parts of a training, on its device.

    Attributes:
        objective: Data, loss and metrics.
        network: The network with its initial weights, times its density if that is fixed.
        descent: Steps the weights and the values of a learned density.
        schedule: The learning rates; it steps after every step of the optimizer.
        generators: The training's generators, after the draw of the initial weights.
        learned: The densities to be learned, if any.
        master_weights: Master weights of the layers whose density is fixed.
        clip_norm: Largest norm of the weights' gradients; None for no limit.
    """

    objective: Objective
    network: nn.Module
    descent: GradientDescent
    schedule: Schedule
    generators: Generators
    learned: LearnedDensities | None
    master_weights: MasterWeights
    clip_norm: float | None

    @property
    def optimizer(self) -> torch.optim.Optimizer:
        """The optimizer, which holds settings and state."""
        return self.descent.optimizer


def endless_batches(parts: Prepared, task: TrainingTask) -> Iterator[Batch]:
    """Yield a training's batches, epoch after epoch."""
    while True:
        yield from parts.objective.batches(task.settings.batch_size, parts.generators)


def prepare(task: TrainingTask) -> Prepared:
    """Build what a task trains.

    Raises:
        ValueError: A section names something unknown, a plug-in's network or objective does not
            fit the task, or the density fits no layer (DensityError).
    """
    entry_points.require(task.packages)
    device, settings = torch.device(task.device), task.settings
    generators = generators_of(task.seed, device)
    objective = build_objective(task.task, device, task.training, task.data_dir)
    network = build_network(
        task.network,
        objective.shape,
        objective.n_outputs,
        generators.weights,
        settings.initialisation,
    )
    if task.network["kind"] not in NETWORKS or task.task["kind"] not in OBJECTIVES:
        require_fit(network, objective, device)
    learned = _weigh(network, task)
    place_network(network, device, objective.shape.n_dims, settings.precision)
    master_weights = MasterWeights(network)
    descent = _descent(network, task, learned, master_weights)
    n_steps = settings.epoch_steps(objective.n_batches(settings.batch_size))
    own = task.learning.schedule if task.learning is not None else None
    schedule = build_schedule(settings, descent.optimizer, n_steps, of_densities=own)
    return Prepared(
        objective, network, descent, schedule, generators, learned, master_weights,
        settings.clip_norm,
    )  # fmt: skip


def _weigh(network: nn.Module, task: TrainingTask) -> LearnedDensities | None:
    if task.learning is not None:
        if task.phi is not None:
            raise ValueError("a density is given or learned, not both")
        return learn_density(network, task.learning)
    if isinstance(task.phi, Mapping):
        shared: dict[NestedDensity, list[str]] = {}
        for layer, phi in task.phi.items():
            shared.setdefault(_frozen(phi), []).append(layer)
        for phi, layers in shared.items():
            apply_density(network, phi, layers)
    elif task.phi is not None and not np.all(np.asarray(task.phi) == 1.0):
        apply_density(network, task.phi)
    return None


def _frozen(nested: Any) -> Any:  # noqa: ANN401 - sequences in sequences
    """Convert nested sequences to nested tuples."""
    return tuple(map(_frozen, nested)) if isinstance(nested, list | tuple) else nested


def _descent(
    network: nn.Module,
    task: TrainingTask,
    learned: LearnedDensities | None,
    master_weights: MasterWeights,
) -> GradientDescent:
    before: list[Callable[[], object]] = []
    after: list[Callable[[], object]] = []
    if learned is None or task.learning is None:
        weights = master_weights.in_place_of(network.parameters())
        optimizer = build_optimizer(task.settings, weights)
        before.append(master_weights.pull)
        after.append(master_weights.push)
    else:
        lr = task.settings.lr * task.learning.lr_factor
        groups = parameter_groups(network, learned.vectors(), lr, task.learning.weight_decay)
        weights = groups[0]["params"]
        optimizer = build_optimizer(task.settings, groups)
        after.append(learned.project)
    if (clip_norm := task.settings.clip_norm) is not None:
        # Only the weights are clipped: a density is limited by its bounds.
        before.append(clipping(weights, clip_norm))
    return GradientDescent(optimizer, before, after)
