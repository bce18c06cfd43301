"""What the audit of short trainings found: trainings that were not promoted, trained in full.

The promoted trainings show only what the short ones put first. Each audited one stands for its
stratum of the others (`service.studies.audit`), so that weights, the inverse probabilities of
being trained in full, give the rank correlation over all points of a search.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from densearch.plurals import counted
from service.records import Trial
from service.spec import Fidelity
from service.states import Phase, TrialState
from service.studies import audit
from service.studies.study_run import is_result

# A rank correlation of fewer points of one search says little: true 0.9 may well read 0.5.
LEAST_RANKED = 8

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Audit:
    """What became of trainings that were not promoted.

    Attributes:
        n: Audited trainings that ended in full, those that diverged included.
        n_better: Of these, those with a lower full loss than every promoted one of their search.
        n_searches: Searches with an audited training.
        rank_correlation: Between short and full validation loss over all points of a search, of
            the searches with `LEAST_RANKED` full trainings together; None where none has.
        words: The same in a sentence or two.
    """

    n: int
    n_better: int
    n_searches: int
    rank_correlation: float | None
    words: str


@dataclass(frozen=True, slots=True)
class Audited:
    """The full trainings of a search.

    Attributes:
        ranks: Of their short losses among all of the search, over their number, in (0, 1].
        losses: Full validation losses; inf where the training diverged.
        weights: How many trainings of the search each stands for.
        is_audited: Which of them were not promoted.
    """

    ranks: Array
    losses: Array
    weights: Array
    is_audited: NDArray[np.bool_]


def audit_of(fidelity: Fidelity, trials: Iterable[Trial]) -> Audit | None:
    """Return what the audit found; None where there was none.

    Args:
        fidelity: Of the job.
        trials: The trials that the spec requires (see `service.report.build`), in any order.
    """
    by_study: dict[int, list[Trial]] = defaultdict(list)
    for trial in trials:
        by_study[trial.study_id].append(trial)
    # Equal searches count once.
    found = {_key(own): _audited(fidelity, own) for _, own in sorted(by_study.items())}
    searches = [one for one in found.values() if one is not None and one.is_audited.any()]
    if not searches:
        return None
    n = sum(int(one.is_audited.sum()) for one in searches)
    n_better = sum(map(_n_better, searches))
    correlation = rank_correlation([one for one in searches if len(one.losses) >= LEAST_RANKED])
    words = _in_words(n, n_better, correlation)
    return Audit(n, n_better, len(searches), correlation, words)


def rank_correlation(searches: Sequence[Audited]) -> float | None:
    """Return the weighted rank correlation of short and full losses within searches.

    Spearman's, with weighted mid-ranks of the full losses; covariances and variances are summed
    over the searches, so that differences between them do not count.

    Returns:
        In [-1, 1]; None without searches, or without any spread.
    """
    sums = np.sum([_moments(one) for one in searches], axis=0) if searches else np.zeros(3)
    covariance, of_short, of_full = (float(own) for own in sums)
    scale = math.sqrt(of_short * of_full)
    return float(np.clip(covariance / scale, -1.0, 1.0)) if scale > 0.0 else None


def _moments(one: Audited) -> tuple[float, float, float]:
    """Return the weighted covariance of short and full ranks, and both variances."""
    shares = one.weights / one.weights.sum()
    below = np.less.outer(one.losses, one.losses) + 0.5 * np.equal.outer(one.losses, one.losses)
    away = [own - shares @ own for own in (one.ranks, shares @ below)]
    return (
        float(shares @ (away[0] * away[1])),
        float(shares @ away[0] ** 2),
        float(shares @ away[1] ** 2),
    )


def _key(trials: Iterable[Trial]) -> tuple[tuple[str, int], ...]:
    again = (t for t in trials if t.phase is Phase.PROMOTION)
    return tuple(sorted((t.digest, t.number or 0) for t in again))


def _audited(fidelity: Fidelity, trials: Sequence[Trial]) -> Audited | None:
    """Return the full trainings of a search, each once; None where none ended."""
    searched = [t for t in trials if t.phase is Phase.SEARCH and is_result(t)]
    losses = {t.digest: t.value or 0.0 for t in searched}
    digests = {tuple(t.point): t.digest for t in searched}
    weights = _weights(fidelity, len(losses))
    ended = [
        t for t in trials
        if t.phase is Phase.PROMOTION
        and t.state is TrialState.COMPLETED
        and t.number is not None
        and t.number < len(weights)
        and tuple(t.point) in digests
    ]  # fmt: skip
    if not ended:
        return None
    ended.sort(key=lambda trial: trial.number or 0)
    ranks = _ranks(losses)
    return Audited(
        np.array([ranks[digests[tuple(t.point)]] for t in ended]),
        np.array([t.value if is_result(t) else math.inf for t in ended]),
        np.array([weights[t.number or 0] for t in ended]),
        np.array([(t.number or 0) >= fidelity.promote for t in ended]),
    )


def _weights(fidelity: Fidelity, n: int) -> list[float]:
    """Return how many of a search's n trainings each full one stands for, by its number."""
    n_promoted = min(fidelity.promote, n)
    sizes = [len(ranks) for ranks in audit.strata(n - n_promoted, fidelity.audit)]
    return [*[1.0] * n_promoted, *map(float, sizes)]


def _ranks(losses: Mapping[str, float]) -> dict[str, float]:
    """Return the mid-ranks of short losses over their number, by the training's digest."""
    values = np.array(list(losses.values()))
    below = (
        np.less.outer(values, values).sum(axis=0)
        + np.equal.outer(values, values).sum(axis=0) / 2.0
    )
    return dict(zip(losses, (below / len(values)).tolist(), strict=True))


def _n_better(one: Audited) -> int:
    best = min(one.losses[~one.is_audited], default=math.inf)
    return int((one.losses[one.is_audited] < best).sum())


def _in_words(n: int, n_better: int, correlation: float | None) -> str:
    of = "one audited training" if n == 1 else counted(n, "audited training")
    better = "none" if n_better == 0 else f"{n_better}"
    words = f"Of {of}, {better} ended better in full than every promoted one of its search."
    if correlation is None:
        return words
    return (
        f"{words} Over all points of a search, the rank correlation of short and full losses is "
        f"about {correlation:.2f}."
    )
