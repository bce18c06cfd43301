"""The failed, pruned, diverged and reused trials of searches, and the values of the others."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.states import Phase, TrialState
from service.storage import numbered_trials
from service.storage.columns import time_of
from service.storage.numbered_trials import NumberedTrial
from service.storage.tables import TrialRow

MarkKind = Literal["failed", "pruned", "diverged", "reused"]
LOST = (TrialState.FAILED, TrialState.CANCELLED)


@dataclass(frozen=True, slots=True)
class TrialMark:
    """A trial of a search that is more than its value, or has none.

    Attributes:
        number: Its number in its study's sequence.
        compute_s: See `service.storage.overview.Result`.
        n_of_kind: How many trials of the job are of this kind, including omitted ones.
    """

    study_id: int
    number: int
    kind: MarkKind
    finished_at: datetime
    compute_s: float
    n_of_kind: int


def marks(session: Session, job_id: int, most: int) -> list[TrialMark]:
    """Return the marked trials of a job's searches, by study and number.

    Of a kind with more than `most`, every second, third, ... in that order, so that which ones are
    shown depends on no order of arrival.
    """
    found: dict[MarkKind, list[NumberedTrial]] = defaultdict(list)
    for own in numbered_trials.by_study(session, job_id).values():
        for trial in own:
            kind = _kind_of(trial) if trial.finished_at is not None else None
            if kind is not None:
                found[kind].append(trial)
    shown = [
        TrialMark(
            one.study_id, one.number, kind, time_of(one.finished_at), one.compute_s, len(every)
        )
        for kind, every in found.items()
        for one in every[:: math.ceil(len(every) / most)]
        if one.finished_at is not None
    ]
    return sorted(shown, key=lambda mark: (mark.study_id, mark.number))


def _kind_of(trial: NumberedTrial) -> MarkKind | None:
    if trial.state in LOST:
        return "failed"
    if trial.state == TrialState.PRUNED:
        return "pruned"
    if trial.state != TrialState.COMPLETED:
        return None
    return "diverged" if trial.is_diverged else "reused" if trial.cached_from is not None else None


@dataclass(frozen=True, slots=True)
class SearchValues:
    """The values of a search, in ascending order, and how many of its trials have ended."""

    values: list[float]
    n_ended: int


def values_of(session: Session, job_id: int) -> Mapping[int, SearchValues]:
    """Return the values of each study's numbered search trials that completed with one.

    A trial that diverged has ended without a value, as a failed one has; a pruned one's is of an
    earlier epoch, so that it has none either.
    """
    own = (TrialRow.job_id == job_id) & (TrialRow.phase == Phase.SEARCH)
    own &= TrialRow.number.is_not(None)
    ended = TrialRow.state.in_((TrialState.COMPLETED, TrialState.PRUNED, TrialState.FAILED))
    counts = session.execute(
        select(TrialRow.study_id, func.count()).where(own, ended).group_by(TrialRow.study_id)
    )
    found = {study_id: SearchValues([], n) for study_id, n in counts}
    query = select(TrialRow.study_id, TrialRow.value).where(
        own,
        TrialRow.state == TrialState.COMPLETED,
        TrialRow.is_diverged.is_(False),
        TrialRow.value.is_not(None),
    )
    for study_id, value in session.execute(query.order_by(TrialRow.value)):
        found[study_id].values.append(value)  # type: ignore[arg-type] # not None
    return found
