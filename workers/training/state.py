"""Captures the state of a training, and restores it in one with the same task.

Checked by tests/integration/workers/training/checkpoint_test.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from densearch.plugins.objective import Generators
from workers.training.checkpoint import (
    Checkpoint,
    MisfitError,
    Position,
    TensorSpecs,
    TrainingProgress,
)
from workers.training.judging import CandidateRun
from workers.training.objective_state import packed, unpacked
from workers.training.optimizers import KEPT
from workers.training.preparation import Prepared

# Prefixes of their names in a file; "streams." are the generators. Numbers are the optimizer's.
_NETWORK, _WEIGHTS, _OPTIMIZER, _GENERATORS = "network.", "weights.", "optimizer.", "streams."
# What the objective kept at the beginning of the epoch, and what it keeps now.
_EPOCH, _NOW = "objective.epoch.", "objective.now."
# The name of torch's own generator.
TORCH = "torch"


def random_states(generators: Generators, device: torch.device) -> dict[str, Tensor]:
    """Return the states of a training's generators, and of torch's own."""
    found = {name: generator.get_state() for name, generator in vars(generators).items()}
    return found | {TORCH: _own_generator(device).get_state()}


def set_random_states(
    generators: Generators, device: torch.device, states: Mapping[str, Tensor]
) -> None:
    """Put back what `random_states` has returned, or some of it."""
    by_name = {**vars(generators), TORCH: _own_generator(device)}
    for name, state in states.items():
        by_name[name].set_state(state)


def _own_generator(device: torch.device) -> torch.Generator:
    """Return torch's generator of a device, from which dropout draws."""
    if device.type != "cuda":
        return torch.default_generator
    return torch.cuda.default_generators[device.index or 0]


def capture(run: CandidateRun, position: Position, elapsed_s: float) -> Checkpoint:
    """Copy the state of a run between two steps.

    Args:
        run: In training.
        position: Of all that share its batches.
        elapsed_s: See `workers.training.checkpoint.TrainingProgress`.
    """
    progress = TrainingProgress(
        measurements=[(m.metrics, m.elapsed_s) for m in run.measurements],
        is_thorough=run.judged is not None,
        n_steps=position.n_steps,
        n_batches=position.n_batches,
        first_loss=run.first_loss,
        total=float(run.total),
        n_samples=run.n_samples,
        training_s=run.training_s,
        elapsed_s=elapsed_s,
    )
    tensors = {name: _copied(value) for name, value in _tensors(run.parts)}
    # Skipping batches draws nothing from torch's generator: its present state is stored.
    now = {TORCH: _own_generator(torch.device(run.task.device)).get_state()}
    states = {f"{_GENERATORS}{name}": own for name, own in (position.generators | now).items()}
    objective = _named(_EPOCH, position.objective) | _named(
        _NOW, packed(run.parts.objective.state_dict())
    )
    return Checkpoint(progress, tensors | states | objective)


def _named(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}{name}": value for name, value in tensors.items()}


def _copied(value: Tensor) -> Tensor:
    copy = torch.empty(value.shape, dtype=value.dtype)
    return copy.copy_(value.detach())


def _tensors(parts: Prepared) -> Iterator[tuple[str, Tensor]]:
    """Yield what training changes."""
    yield from _fixed(parts)
    for number, parameter in enumerate(_optimized(parts)):
        for name, value in parts.optimizer.state.get(parameter, {}).items():
            if value is not None:  # as SGD keeps without momentum
                yield f"{_OPTIMIZER}{number}.{name}", value


def _fixed(parts: Prepared) -> Iterator[tuple[str, Tensor]]:
    """Yield those tensors that are there before the first step."""
    inside: dict[str, Tensor] = dict(parts.network.named_parameters())
    inside |= dict(parts.network.named_buffers())
    for name, value in inside.items():
        yield f"{_NETWORK}{name}", value
    known = {id(value) for value in inside.values()}
    for number, parameter in enumerate(_optimized(parts)):
        if (
            id(parameter) not in known
        ):  # W of `workers.training.master_weights`, which no module holds
            yield f"{_WEIGHTS}{number}", parameter


def _optimized(parts: Prepared) -> list[nn.Parameter]:
    return [own for group in parts.optimizer.param_groups for own in group["params"]]


def require_fit(run: CandidateRun, progress: TrainingProgress, tensor_specs: TensorSpecs) -> None:
    """Check that a checkpoint is of this training, before its tensors are read.

    Args:
        run: Before its first step.
        progress: The checkpoint's.
        tensor_specs: Its tensors'.

    Raises:
        MisfitError: It is not.
    """
    settings, parts = run.task.settings, run.parts
    epochs = settings.epochs
    n_batches = settings.epoch_steps(parts.objective.n_batches(settings.batch_size))
    if progress.reached > (epochs, 0):
        raise MisfitError(f"is of a longer training than one of {epochs} epochs")
    if progress.n_batches > n_batches:
        raise MisfitError(f"is of a training of more than {n_batches} batches an epoch")
    states = random_states(parts.generators, torch.device(run.task.device))
    needed = dict(_fixed(parts)) | {f"{_GENERATORS}{name}": own for name, own in states.items()}
    of_objective = {name for name in tensor_specs if name.startswith((_EPOCH, _NOW))}
    if parts.objective.state_dict() and not of_objective:
        raise MisfitError("has not the state of this objective")
    own = {name: of for name, of in tensor_specs.items() if name not in of_objective}
    kept = {name: of for name, of in own.items() if not name.startswith(_OPTIMIZER)}
    if kept != {name: (tuple(value.shape), value.dtype) for name, value in needed.items()}:
        raise MisfitError("has not the tensors of this network")
    _require_optimizer(parts, {name: own[name] for name in own.keys() - kept.keys()})


def _require_optimizer(parts: Prepared, tensor_specs: TensorSpecs) -> None:
    optimized, known = _optimized(parts), KEPT[type(parts.optimizer)]
    for name, of in tensor_specs.items():
        number, key = _key(name)
        own = optimized[number] if number < len(optimized) else None
        is_like = own is not None and of == (tuple(own.shape), own.dtype)
        is_count = own is not None and key == "step" and of[0] == ()
        if key not in known or not (is_like or is_count):
            raise MisfitError("has not the tensors of this optimizer")


def _key(name: str) -> tuple[int, str]:
    number, _, key = name.removeprefix(_OPTIMIZER).partition(".")
    if not (number.isascii() and number.isdecimal() and len(number) < 10):
        raise MisfitError("has not the tensors of this optimizer")
    return int(number), key


def put_back(run: CandidateRun, checkpoint: Checkpoint) -> None:
    """Continue a run from a checkpoint that fits; its measurements are left to the caller.

    Args:
        run: Before its first step.
        checkpoint: See `require_fit`.
    """
    tensors, progress, parts = checkpoint.tensors, checkpoint.progress, run.parts
    with torch.no_grad():
        for name, value in _fixed(parts):
            value.copy_(tensors[name])
    _put_optimizer(parts, tensors)
    parts.schedule.skip_to(progress.n_steps)
    run.first_loss, run.training_s = progress.first_loss, progress.training_s
    run.total.fill_(progress.total)
    run.n_samples = progress.n_samples
    if state := unpacked(_part(_NOW, tensors)):
        parts.objective.load_state_dict(state)


def _put_optimizer(parts: Prepared, tensors: Mapping[str, Tensor]) -> None:
    kept: dict[int, dict[str, Tensor]] = defaultdict(dict)
    for name, value in tensors.items():
        if name.startswith(_OPTIMIZER):
            number, key = _key(name)
            kept[number][key] = value
    groups = parts.optimizer.state_dict()["param_groups"]
    parts.optimizer.load_state_dict({"state": dict(kept), "param_groups": groups})
    for parameter, own in parts.optimizer.state.items():
        for key, value in own.items():
            if value.shape == parameter.shape:
                # The fused optimizers need the state in the parameter's memory format.
                own[key] = torch.empty_like(parameter).copy_(value)


def position_of(checkpoint: Checkpoint) -> Position:
    """Return the position of a checkpoint's training; copies, since the file is closed later."""
    return Position(
        checkpoint.progress.n_steps,
        checkpoint.progress.n_batches,
        _part(_GENERATORS, checkpoint.tensors),
        _part(_EPOCH, checkpoint.tensors),
    )


def require_objective(checkpoint: Checkpoint) -> None:
    """Check that what an objective is to take back can be read.

    Raises:
        MisfitError: It cannot.
    """
    for prefix in (_EPOCH, _NOW):
        unpacked(_part(prefix, checkpoint.tensors))


def _part(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): value.clone()
        for name, value in tensors.items()
        if name.startswith(prefix)
    }
