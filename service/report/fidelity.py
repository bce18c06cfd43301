"""Epochs saved by short and pruned trainings, and how well short rankings predicted full ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from service.records import Trial
from service.report import statistics
from service.states import Phase, TrialState
from service.studies.resolved import FunctionJob, ResolvedSpec, TrainingJob
from service.studies.study_run import is_result
from service.studies.training_payload import epochs_of


@dataclass(frozen=True, slots=True)
class Savings:
    """Epochs of a job's searches, each training counted once, cached or not.

    Trainings that diverged or failed are not counted.

    Attributes:
        n_trainings: Trainings of the searches.
        n_pruned: Trainings that the pruning rule stopped.
        full_epochs: Epochs that all of them would have taken in full.
        run_epochs: Epochs that they took, with the full trainings of the promoted ones.
        saved_by_short: Epochs that short trainings saved.
        saved_by_pruning: Epochs that pruning saved in addition.
        spent_on_promotions: Epochs of the full trainings of the promoted ones.
        fraction: `run_epochs` over `full_epochs`.
        rank_correlation: Spearman's, between short and full validation loss of the promoted
            trainings; None below 3.
        n_promoted: Distinct trainings that it was computed from.
        words: The same in a sentence or two.
    """

    n_trainings: int
    n_pruned: int
    full_epochs: int
    run_epochs: int
    saved_by_short: int
    saved_by_pruning: int
    spent_on_promotions: int
    fraction: float
    rank_correlation: float | None
    n_promoted: int
    words: str


def savings_of(resolved: ResolvedSpec, trials: Iterable[Trial]) -> Savings | None:
    """Count the epochs that a job's fidelity and pruning rule saved.

    Args:
        resolved: The job's resolved spec.
        trials: The trials that the spec requires (see `service.report.build`).

    Returns:
        None where the spec has neither setting, or nothing was trained.
    """
    every = list(trials)
    searched = distinct(every, Phase.SEARCH)
    spec = resolved.spec
    is_shorter = spec.fidelity is not None or spec.pruning is not None
    if isinstance(resolved, FunctionJob) or not searched or not is_shorter:
        return None
    promoted = distinct(every, Phase.PROMOTION)
    full = sum(full_epochs(resolved, trial) for trial in searched)
    short = sum(epochs_of(trial.payload) for trial in searched)
    run = sum(epochs_run(trial) for trial in searched)
    again = sum(epochs_of(trial.payload) for trial in promoted)
    shorts, fulls = _short_and_full(every)
    correlation = statistics.rank_correlation(shorts, fulls)
    return Savings(
        n_trainings=len(searched),
        n_pruned=sum(trial.state is TrialState.PRUNED for trial in searched),
        full_epochs=full,
        run_epochs=run + again,
        saved_by_short=full - short,
        saved_by_pruning=short - run,
        spent_on_promotions=again,
        fraction=(run + again) / full,
        rank_correlation=correlation,
        n_promoted=len(shorts),
        words=_in_words(full, run + again, correlation, len(shorts)),
    )


def distinct(trials: Iterable[Trial], phase: Phase) -> list[Trial]:
    """Return one trial for each training that completed or was pruned."""
    kept = [t for t in trials if t.phase is phase and _is_counted(t)]
    return list({trial.digest: trial for trial in kept}.values())


def _is_counted(trial: Trial) -> bool:
    is_stopped = trial.state is TrialState.PRUNED and not trial.is_diverged
    return is_result(trial) or is_stopped


def full_epochs(resolved: TrainingJob, trial: Trial) -> int:
    """Return the epochs of a trial's training in full."""
    return int(trial.params.get("epochs", resolved.training.epochs))


def epochs_run(trial: Trial) -> int:
    """Return the epochs a training ran: a pruned one has a loss for each in its curve."""
    is_stopped = trial.state is TrialState.PRUNED and trial.curve is not None
    return len(trial.curve or ()) if is_stopped else epochs_of(trial.payload)


def _short_and_full(trials: Sequence[Trial]) -> tuple[list[float], list[float]]:
    """Return the losses of the promoted trainings, short and full, each pair once."""
    searched = {
        (t.study_id, tuple(t.point)): t.value
        for t in trials
        if t.phase is Phase.SEARCH and is_result(t)
    }
    pairs: dict[str, tuple[float, float]] = {}
    for trial in trials:
        short = searched.get((trial.study_id, tuple(trial.point)))
        if trial.phase is Phase.PROMOTION and is_result(trial) and short is not None:
            pairs[trial.digest] = (short, trial.value or 0.0)
    return [short for short, _ in pairs.values()], [full for _, full in pairs.values()]


def _in_words(full: int, run: int, correlation: float | None, n_promoted: int) -> str:
    words = (
        f"The searches took {run} epochs; training every point in full would have taken {full}."
    )
    if correlation is not None:
        words += (
            f" Spearman's rank correlation of short and full trainings over {n_promoted} points "
            f"is {correlation:.2f} (1 is the same order)."
        )
    return words
