"""Who evaluates which point: notes on the trials of a study, which all its processes read.

Optuna's storages have no transaction over several trials. So a trial notes its point, reads the
study again, and keeps the point only where no other trial has it; a second note says that it is
kept. Of two that note one point at once, the one with the lower number keeps it; unless the other
had kept it already, which the lower one waits to see. A process that dies in between costs that
wait, and at worst an evaluation twice: never the sequence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from densearch.direct_l.box import Point
from densearch.direct_l.parameters import ParameterSpace, Place

ATTRIBUTE = "densearch:direct_l"

# How long to wait for a trial that has noted the same point and not yet kept it.
PATIENCE_S = 2.0
PAUSE_S = 0.01


@dataclass(frozen=True, slots=True)
class Claim:
    """What a trial notes.

    Attributes:
        space: The search space that the point belongs to, see `distributions.digest_of`.
        point: In the unit cube, shape (dimension,).
        is_kept: Whether the trial evaluates it.
    """

    space: str
    point: Point
    is_kept: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return plain values that JSON carries without loss."""
        return {"space": self.space, "point": list(self.point), "is_kept": self.is_kept}


@dataclass(frozen=True, slots=True)
class StudySpace:
    """A search space with the digest that its claims carry."""

    digest: str
    parameters: ParameterSpace

    def claim_of(self, trial: FrozenTrial) -> Claim | None:
        """Return the claim of a trial in this space; None where there is none, or no valid one."""
        noted = trial.system_attrs.get(ATTRIBUTE)
        if not isinstance(noted, dict) or noted.get("space") != self.digest:
            return None
        point = _point(noted.get("point"), self.parameters.dimension)
        return None if point is None else Claim(self.digest, point, noted.get("is_kept") is True)

    def place_of(self, trial: FrozenTrial) -> Place | None:
        """Return the values that a trial has, or will have, for all parameters of the space.

        Its own parameters count, by hand or not; before they are all there those that it was
        enqueued with, then those of its claim.
        """
        for given in (trial.params, trial.system_attrs.get("fixed_params")):
            if isinstance(given, dict) and all(n in given for n in self.parameters.names):
                return tuple(given[name] for name in self.parameters.names)
        claim = None if trial.state == TrialState.COMPLETE else self.claim_of(trial)
        return None if claim is None else self.parameters.place(claim.point)


def note(study: optuna.Study, trial: FrozenTrial, claim: Claim) -> None:
    """Store a claim in its trial."""
    # Optuna's own samplers write their notes so: it has no public way for a sampler.
    study._storage.set_trial_system_attr(trial._trial_id, ATTRIBUTE, claim.to_dict())  # noqa: SLF001


def is_ours(study: optuna.Study, trial: FrozenTrial, space: StudySpace, claim: Claim) -> bool:
    """Return whether a noted claim may be kept, and wait for others that note the same point."""
    place = space.parameters.place(claim.point)
    deadline = monotonic() + PATIENCE_S
    while True:
        rivals = list(_rivals(study.get_trials(deepcopy=False), trial, space, place))
        if any(one.number < trial.number or has_kept for one, has_kept in rivals):
            return False
        if not rivals or monotonic() > deadline:
            return True
        sleep(PAUSE_S)


def _rivals(
    trials: Sequence[FrozenTrial], mine: FrozenTrial, space: StudySpace, place: Place
) -> Iterable[tuple[FrozenTrial, bool]]:
    """Return the other trials at a place that have not failed, and whether they keep it."""
    for trial in trials:
        if trial.number == mine.number or trial.state == TrialState.FAIL:
            continue
        if space.place_of(trial) == place:
            claim = space.claim_of(trial)
            yield trial, trial.state.is_finished() or claim is None or claim.is_kept


def _point(given: object, dimension: int) -> Point | None:
    """Return a list of coordinates in [0, 1] as a point; None for anything else."""
    if not isinstance(given, list) or len(given) != dimension:
        return None
    if not all(isinstance(x, float | int) and 0 <= x <= 1 for x in given):
        return None
    return tuple(map(float, given))
