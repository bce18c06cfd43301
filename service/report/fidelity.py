"""Epochs saved by short and pruned trainings, and whether the short favourites stayed ahead."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from service.records import Trial
from service.report import statistics
from service.report.audited import LEAST_RANKED, Audit, audit_of
from service.report.phrases import percent
from service.states import Phase, TrialState
from service.studies.resolved import FunctionJob, ResolvedSpec, TrainingJob
from service.studies.study_run import is_result
from service.studies.training_payload import epochs_of


@dataclass(frozen=True, slots=True)
class Favourites:
    """What became of the best of the short trainings once the best few were trained in full.

    Attributes:
        n_searches: Searches that promoted at least two points.
        n_kept: Those in which the short favourite stayed the favourite.
        cost: How far the full loss of the short favourites lies above the best full loss, as a
            share of it, the mean over these searches; None where a loss is not above 0.
    """

    n_searches: int
    n_kept: int
    cost: float | None


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
        spent_on_promotions: Epochs of the full trainings of the promoted and audited ones.
        fraction: `run_epochs` over `full_epochs`.
        favourites: What became of the searches' short favourites; None where no search promoted
            two points.
        rank_correlation: Spearman's, between short and full validation loss of the promoted
            trainings of a search, the median over the searches that promoted `LEAST_RANKED`; None
            where none did. Pooled over searches it would show how the arms differ.
        n_promoted: Distinct trainings that were promoted.
        audit: What became of trainings that were not promoted; None without `fidelity.audit`.
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
    favourites: Favourites | None
    rank_correlation: float | None
    n_promoted: int
    audit: Audit | None
    words: str


def savings_of(resolved: ResolvedSpec, trials: Iterable[Trial]) -> Savings | None:
    """Count the epochs that a job's fidelity and pruning rule saved.

    Args:
        resolved: The job's resolved spec.
        trials: The trials that the spec requires (see `service.report.build`).

    Returns:
        None where the spec has neither setting, or nothing was trained.
    """
    spec = resolved.spec
    is_shorter = spec.fidelity is not None or spec.pruning is not None
    if isinstance(resolved, FunctionJob) or not is_shorter:
        return None
    every = list(trials)
    searched = distinct(every, Phase.SEARCH)
    if not searched:
        return None
    promoted = distinct(every, Phase.PROMOTION)
    full = sum(full_epochs(resolved, trial) for trial in searched)
    short = sum(epochs_of(trial.payload) for trial in searched)
    run = sum(epochs_run(trial) for trial in searched)
    again = sum(epochs_of(trial.payload) for trial in promoted)
    pairs = _short_and_full(every, spec.fidelity.promote if spec.fidelity else 0)
    audit = audit_of(spec.fidelity, every) if spec.fidelity else None
    favourites = _favourites(pairs)
    return Savings(
        n_trainings=len(searched),
        n_pruned=sum(trial.state is TrialState.PRUNED for trial in searched),
        full_epochs=full,
        run_epochs=run + again,
        saved_by_short=full - short,
        saved_by_pruning=short - run,
        spent_on_promotions=again,
        fraction=(run + again) / full,
        favourites=favourites,
        rank_correlation=_rank_correlation(pairs),
        n_promoted=len({digest for own in pairs for digest in own}),
        audit=audit,
        words=" ".join(
            [_in_words(full, run + again, favourites), *([audit.words] if audit else [])]
        ),
    )


def distinct(trials: Iterable[Trial], phase: Phase) -> list[Trial]:
    """Return one trial for each training that completed or was pruned.

    Of trials that share a training, the one that ran it furthest, whichever came first: one study
    may stop early what another one trains to its end.
    """
    kept = [t for t in trials if t.phase is phase and _is_counted(t)]
    return list({trial.digest: trial for trial in sorted(kept, key=_how_far)}.values())


def _how_far(trial: Trial) -> tuple[int, bool, int]:
    # Of equal short trainings the full ones may differ in their epochs.
    return epochs_run(trial), is_result(trial), int(trial.params.get("epochs", 0))


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


# By digest, the short and the full loss of each promoted training of a search.
_Pairs = dict[str, tuple[float, float]]


def _short_and_full(trials: Sequence[Trial], n_promoted: int) -> list[_Pairs]:
    """Return the losses of the promoted trainings, by search; equal searches count once.

    Full trainings from number `n_promoted` on are of the audit.
    """
    searched = {
        (t.study_id, tuple(t.point)): t.value
        for t in trials
        if t.phase is Phase.SEARCH and is_result(t)
    }
    pairs: dict[int, _Pairs] = defaultdict(dict)
    for trial in trials:
        short = searched.get((trial.study_id, tuple(trial.point)))
        is_promoted = trial.phase is Phase.PROMOTION and (trial.number or 0) < n_promoted
        if is_promoted and is_result(trial) and short is not None:
            pairs[trial.study_id][trial.digest] = (short, trial.value or 0.0)
    return list({tuple(sorted(own.items())): own for own in pairs.values()}.values())


def _favourites(pairs: Sequence[_Pairs]) -> Favourites | None:
    compared = [list(own.values()) for own in pairs if len(own) > 1]
    if not compared:
        return None
    full = [min(own)[1] for own in compared]
    best = [min(loss for _, loss in own) for own in compared]
    n_kept = sum(one <= least for one, least in zip(full, best, strict=True))
    is_positive = min(best) > 0.0
    costs = [one / least - 1.0 for one, least in zip(full, best, strict=True) if is_positive]
    return Favourites(len(compared), n_kept, fmean(costs) if costs else None)


def _rank_correlation(pairs: Sequence[_Pairs]) -> float | None:
    ranked = [list(zip(*own.values(), strict=True)) for own in pairs if len(own) >= LEAST_RANKED]
    found = [statistics.rank_correlation(short, full) for short, full in ranked]
    known = [one for one in found if one is not None]
    return median(known) if known else None


def _in_words(full: int, run: int, favourites: Favourites | None) -> str:
    words = (
        f"The searches took {run} epochs; training every point in full would have taken {full}."
    )
    if favourites is None:
        return words
    kept = (
        f"The short favourite stayed the favourite in {favourites.n_kept} of "
        f"{favourites.n_searches} searches"
    )
    if favourites.n_searches == 1:
        kept = f"The short favourite {'stayed' if favourites.n_kept else 'was not'} the favourite"
    if favourites.cost is None or favourites.n_kept == favourites.n_searches:
        return f"{words} {kept}."
    return f"{words} {kept}; to take it would have cost {percent(favourites.cost)} on average."
