"""Position of trainings that share their batches: resuming, drawing batches, checkpoints."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

from densearch.plugins.objective import Batch
from workers.training.checkpoint import Checkpoint, MisfitError, Position, TrainingProgress
from workers.training.judging import CandidateRun
from workers.training.objective_state import packed, unpacked
from workers.training.state import (
    TORCH,
    capture,
    position_of,
    put_back,
    random_states,
    require_fit,
    require_objective,
    set_random_states,
)
from workers.training.step_batches import StepBatches
from workers.training.task import Status

if TYPE_CHECKING:
    from workers.training.checkpoint_store import CheckpointStore


class Course:
    """The course of one training, or of the trainings of a pack.

    Attributes:
        position: Steps and batches so far.
        earlier: For each run the progress of the checkpoint that it continues from, if any.
    """

    def __init__(self, runs: Sequence[CandidateRun]) -> None:
        """Begin, or continue from the runs' checkpoints if all of them fit.

        Args:
            runs: Prepared runs.
        """
        # Its generators are used by all, also after its own training has ended.
        self._lead = runs[0]
        self._device = torch.device(self._lead.task.device)
        self._is_kept = any(run.candidate.store is not None for run in runs)
        self.position = Position()
        self._stepped = StepBatches(self._lead.parts.objective, self._lead.task)
        self.earlier: list[TrainingProgress | None] = [None for _ in runs]
        self._resume(runs)
        elapsed_s = max((own.elapsed_s for own in self.earlier if own is not None), default=0.0)
        self._began_at = time.perf_counter() - elapsed_s

    @property
    def elapsed_s(self) -> float:
        """Seconds of training, including those before the checkpoint."""
        return time.perf_counter() - self._began_at

    def _resume(self, runs: Sequence[CandidateRun]) -> None:
        checkpoints = [own for own in map(_read, runs) if own is not None]
        reached = {own.progress.reached for own in checkpoints}
        if len(checkpoints) < len(runs) or len(reached) > 1:
            return
        for run, checkpoint in zip(runs, checkpoints, strict=True):
            put_back(run, checkpoint)
        progress, self.position = checkpoints[0].progress, position_of(checkpoints[0])
        set_random_states(self._lead.parts.generators, self._device, self.position.generators)
        self.earlier = [checkpoint.progress for checkpoint in checkpoints]
        for run in runs:
            if run.candidate.store is not None:
                run.candidate.store.say(
                    f"the training continues after {progress.n_steps} steps, in epoch "
                    f"{len(progress.measurements) + 1}"
                )

    # One epoch

    def batches(self) -> Iterator[Batch]:
        """Yield the present epoch's batches that have not been used."""
        parts, position = self._lead.parts, self.position
        if self._is_kept and position.n_batches == 0:
            self._note_beginning()
        settings = self._lead.task.settings
        if settings.steps is not None:
            epoch = (position.n_steps - position.n_batches) // settings.epoch_steps(1)
            yield from self._stepped.until(settings.steps_in(epoch + 1, 1), position.n_steps)
            return
        batch_size = settings.batch_size
        with self._as_at_beginning():
            drawn = parts.objective.batches_from(position.n_batches, batch_size, parts.generators)
        yield from drawn

    def _note_beginning(self) -> None:
        """Store the states that the epoch's batches are drawn from."""
        parts = self._lead.parts
        self.position.generators = random_states(parts.generators, self._device)
        self.position.objective = packed(parts.objective.state_dict())

    @contextmanager
    def _as_at_beginning(self) -> Iterator[None]:
        """Restore the states of the epoch's beginning to draw its used batches; then undo it."""
        parts, position = self._lead.parts, self.position
        if position.n_batches == 0:
            yield
            return
        objective, now = parts.objective, packed(parts.objective.state_dict())
        if position.objective:
            objective.load_state_dict(unpacked(position.objective))
        yield
        # The first draw has advanced torch's generator already.
        set_random_states(parts.generators, self._device, {TORCH: position.generators[TORCH]})
        if now:
            objective.load_state_dict(unpacked(now))

    def count_step(self) -> int:
        """Count a step, and return its number in the training, from 1."""
        self.position.n_steps += 1
        self.position.n_batches += 1
        return self.position.n_steps

    def end_epoch(self) -> None:
        """Begin with the batches of the next epoch."""
        self.position.n_batches = 0

    # Checkpoints

    def is_due(self, runs: Sequence[CandidateRun]) -> bool:
        """Whether a checkpoint of one of these runs is due."""
        return self._is_kept and any(_is_due(run.candidate.store) for run in runs)

    def keep(self, runs: Sequence[CandidateRun]) -> None:
        """Write the due checkpoints, between two steps."""
        for run in runs:
            store = run.candidate.store
            if store is not None and store.is_due:
                store.save(self._captured(run), run.precision)

    def keep_end(self, run: CandidateRun) -> None:
        """Write a checkpoint after the last epoch, if a longer training may continue from it."""
        store = run.candidate.store
        if store is not None and store.keeps_end:
            self._keep_between_epochs(run, store)

    def keep_at_rung(self, run: CandidateRun) -> None:
        """Write a checkpoint of a run that has ended at its rung: it may continue from there."""
        store, outcome = run.candidate.store, run.outcome
        if store is not None and outcome is not None and outcome.status is Status.AT_RUNG:
            self._keep_between_epochs(run, store)

    def _keep_between_epochs(self, run: CandidateRun, store: CheckpointStore) -> None:
        self._note_beginning()
        store.save(self._captured(run), run.precision)

    def _captured(self, run: CandidateRun) -> Callable[[], Checkpoint]:
        return lambda: capture(run, self.position, self.elapsed_s)


def _is_due(store: CheckpointStore | None) -> bool:
    return store is not None and store.is_due


def _read(run: CandidateRun) -> Checkpoint | None:
    """Return the checkpoint that a run continues from; one that does not fit is ignored."""
    found, store = run.candidate.found, run.candidate.store
    if found is None:
        return None
    try:
        require_fit(run, found.progress, found.tensor_specs)
        checkpoint = found.read()
        require_objective(checkpoint)
    except MisfitError as error:
        if store is not None:
            store.ignore(error)
        return None
    finally:
        found.close()
    return checkpoint
