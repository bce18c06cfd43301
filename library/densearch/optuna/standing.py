"""What the trials of an Optuna study say to a search: one table, whatever process reads it.

| trial | counts as |
|---|---|
| COMPLETE | its value; infinite: `failed_value`. By its parameters, by hand or not. |
| PRUNED | the value that it reported last, as Optuna stores it; without one `failed_value` |
| FAIL | nothing: its point is asked for again. `n_attempts` of them: `failed_value` |
| RUNNING | holds its point, which no other trial gets |
| WAITING | enqueued with all parameters, or to be tried again: as RUNNING |

Of several trials at one point the one with the lowest number counts that has a value. A trial
enqueued by hand at a point of the sequence stands for that point; at any other point it changes
nothing.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from optuna.trial import FrozenTrial, TrialState

from densearch.direct_l.box import Point
from densearch.direct_l.ledger import held_value
from densearch.direct_l.parameters import Place
from densearch.optuna.claims import StudySpace


@dataclass(frozen=True, slots=True)
class Rules:
    """How trials count.

    Attributes:
        sign: 1 where the study minimises, -1 where it maximises.
        failed_value: Of a trial that failed; of what is minimised.
        n_attempts: After how many failures a point counts as failed.
    """

    sign: float
    failed_value: float
    n_attempts: int

    def value_of(self, trial: FrozenTrial) -> float | None:
        """Return what a trial counts, minimised and finite; None while it counts nothing."""
        if trial.state not in (TrialState.COMPLETE, TrialState.PRUNED):
            return None
        value = trial.values[0] if trial.values else math.inf
        return held_value(value, self.failed_value, self.sign)


@dataclass(slots=True)
class StudyValues:
    """What is known and what is being evaluated, by place.

    Attributes:
        values: What counts, minimised.
        sources: The trial that each value comes from.
        points: Points of the unit cube that trials noted for places with a value.
        held: Places that are being evaluated.
    """

    values: dict[Place, float] = field(default_factory=dict)
    sources: dict[Place, FrozenTrial] = field(default_factory=dict)
    points: dict[Place, Point] = field(default_factory=dict)
    held: set[Place] = field(default_factory=set)


def standing_of(trials: Iterable[FrozenTrial], space: StudySpace, rules: Rules) -> StudyValues:
    """Return what some trials say, read in the order of their numbers."""
    found, failures = StudyValues(), Counter[Place]()
    for trial in sorted(trials, key=lambda one: one.number):
        place = space.place_of(trial)
        if place is None:
            continue
        if not trial.state.is_finished():
            found.held.add(place)
        elif trial.state == TrialState.FAIL:
            failures[place] += 1
            if failures[place] == rules.n_attempts:
                _take(found, place, trial, rules.failed_value, space)
        elif (value := rules.value_of(trial)) is not None:
            _take(found, place, trial, value, space)
    return found


def _take(
    found: StudyValues, place: Place, trial: FrozenTrial, value: float, space: StudySpace
) -> None:
    """Let a trial count at a place: the first does, and any that has ended before a failed one."""
    source = found.sources.get(place)
    if source is not None and (source.state != TrialState.FAIL or trial.state == TrialState.FAIL):
        return
    found.values[place], found.sources[place] = value, trial
    claim = space.claim_of(trial)
    if claim is not None and space.parameters.place(claim.point) == place:
        found.points[place] = claim.point
