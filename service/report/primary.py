"""The question of a job: is its density better than the best that the network reaches without?

The density's arm and the arm that it is compared with are chosen on the validation split, and the
test split answers for that one pair: a single hypothesis at the full level. The answer is looked
at after planned numbers of seeds (`service.studies.looks`).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from service.records import Trial
from service.report.attribution import (
    DEFAULT_INIT_TUNED,
    DENSITY_TUNED,
    FLAT,
    FLAT_TUNED,
    UNIFORM,
    UNIFORM_TUNED,
)
from service.report.effects import Effect, effect_of
from service.report.failures import Failures, failures_of, losses_of
from service.spec import Evaluation
from service.states import Role
from service.studies.looks import ERROR_RATE, MARGIN_PERCENT, level_of

# The arms without a spatial shape, the simplest first: of equals the first is taken.
SIMPLER = (UNIFORM, UNIFORM_TUNED, DEFAULT_INIT_TUNED, FLAT, FLAT_TUNED)
TUNED_SIMPLER = (UNIFORM_TUNED, DEFAULT_INIT_TUNED, FLAT_TUNED)

Outcome = Literal["better", "worse", "no difference", "none found", "less reliable", "not decided"]


@dataclass(frozen=True, slots=True)
class Chosen:
    """An arm as the validation split chose it.

    Attributes:
        name: Of the study.
        role: Its role.
        value: Validation loss of its best training.
        digest: Name of that training.
        tunes_rate: Whether its learning rate was searched, or is that of an arm that searched.
    """

    name: str
    role: Role
    value: float
    digest: str
    tunes_rate: bool


@dataclass(frozen=True, slots=True)
class PrimaryQuestion:
    """Which two arms are compared.

    Attributes:
        arm: The density's.
        against: The best simpler one.
        is_rate_tuned: Whether the learning rate was tuned for an arm without a density: else the
            density may only have replaced a better rate.
        is_same_training: Whether both arms were chosen with the same training: no density was
            found that is better than the simpler arm.
    """

    arm: str
    against: str
    is_rate_tuned: bool
    is_same_training: bool


@dataclass(frozen=True, slots=True)
class SeedPlan:
    """When the question is looked at, and which differences matter.

    Attributes:
        looks: Numbers of seeds, rising; empty where nothing is evaluated.
        margin: Share of the loss below which a difference does not matter.
    """

    looks: tuple[int, ...]
    margin: float

    @classmethod
    def of(cls, evaluation: Evaluation) -> SeedPlan:
        """Return the plan of a job."""
        n_seeds = evaluation.n_seeds
        planned = tuple(evaluation.looks or ([n_seeds] if n_seeds else []))
        margin = MARGIN_PERCENT if evaluation.margin_percent is None else evaluation.margin_percent
        return cls(planned, margin / 100.0)

    @property
    def level(self) -> float:
        """Two-sided level of the interval at each look."""
        return level_of(self.looks) if self.looks else ERROR_RATE


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen at a look.

    Attributes:
        n_seeds: Seeds of each arm that had been trained.
        effect: The density's arm against the simpler one; None where they share no seed.
        failures: Of the density's arm.
        against_failures: Of the simpler arm.
        outcome: The answer at this look.
    """

    n_seeds: int
    effect: Effect | None
    failures: Failures
    against_failures: Failures
    outcome: Outcome


def question_of(arms: Sequence[Chosen]) -> PrimaryQuestion | None:
    """Choose the two arms; None where there is no density or nothing to compare it with."""
    densities = [one for one in arms if one.role is Role.SEARCH or one.name == DENSITY_TUNED]
    tuned = [one for one in densities if one.tunes_rate]
    simpler = [one for name in SIMPLER for one in arms if one.name == name]
    if not densities or not simpler:
        return None
    arm = min(tuned or densities, key=lambda one: one.value)
    against = min(simpler, key=lambda one: one.value)
    return PrimaryQuestion(
        arm=arm.name,
        against=against.name,
        is_rate_tuned=any(one.name in TUNED_SIMPLER for one in simpler),
        is_same_training=arm.digest == against.digest,
    )


def look_at(
    question: PrimaryQuestion,
    plan: SeedPlan,
    n_seeds: int,
    losses: Mapping[str, Mapping[int, float]],
    failures: Mapping[str, Failures],
) -> Look:
    """Answer a question from the first seeds.

    Args:
        question: The two arms.
        plan: The looks and the margin.
        n_seeds: Seeds below this index count.
        losses: Test losses of each arm's trainings that count, by the index of their seed.
        failures: Of each arm, among the same seeds.
    """
    ours, theirs = (
        {seed: loss for seed, loss in losses[name].items() if seed < n_seeds}
        for name in (question.arm, question.against)
    )
    effect = effect_of(ours, theirs, plan.level)
    own, other = failures[question.arm], failures[question.against]
    outcome = _outcome(question, plan.margin, effect, own, other)
    return Look(n_seeds, effect, own, other, outcome)


def _outcome(
    question: PrimaryQuestion, margin: float, effect: Effect | None, own: Failures, other: Failures
) -> Outcome:
    if question.is_same_training:
        return "none found"
    if own.of_training > other.of_training:
        return "less reliable"
    if effect is None:
        return "not decided"
    if effect.is_same or effect.is_within(margin):
        return "no difference"
    if effect.is_better:
        return "better"
    return "worse" if effect.is_worse else "not decided"


def looks_at(
    question: PrimaryQuestion, plan: SeedPlan, tested: Mapping[str, Sequence[Trial]]
) -> list[Look]:
    """Return the looks that were taken: up to the first that decides, or whose trainings lack.

    The answer depends on the trainings of a look's own seeds alone: not on how many workers there
    are, on the order in which trainings end, or on seeds that were trained beyond it.

    Args:
        question: The two arms.
        plan: The looks and the margin.
        tested: The final trainings of each arm, at least those of the two.
    """
    taken: list[Look] = []
    pair = (question.arm, question.against)
    for n_seeds in plan.looks:
        seen = {name: [t for t in own if _index(t) < n_seeds] for name, own in tested.items()}
        if any(not _is_complete(own, n_seeds) for own in seen.values()):
            break
        look = look_at(
            question,
            plan,
            n_seeds,
            {name: losses_of(seen[name]) for name in pair},
            {name: failures_of(seen[name]) for name in pair},
        )
        taken.append(look)
        if look.outcome != "not decided":
            break
    return taken


def seeds_wanted(taken: Sequence[Look], plan: SeedPlan) -> int:
    """Return how many seeds of each arm the looks ask for that were taken: 0 without a plan."""
    if not plan.looks:
        return 0
    return taken[-1].n_seeds if is_over(taken, plan) else plan.looks[len(taken)]


def is_over(taken: Sequence[Look], plan: SeedPlan) -> bool:
    """Whether the looks that were taken decide, or are all that were planned."""
    has_all = len(taken) == len(plan.looks)
    return bool(taken) and (taken[-1].outcome != "not decided" or has_all)


def _index(trial: Trial) -> int:
    return trial.number if trial.number is not None else sys.maxsize


def _is_complete(trials: Sequence[Trial], n_seeds: int) -> bool:
    return sum(trial.state.is_final for trial in trials) >= n_seeds
