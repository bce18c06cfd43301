"""The decision that a job's answer leads to: adopt, leave out, or train more seeds.

It is made of what is known of one effect, the density's arm against the best simpler one, and of
the margin below which a gain does not matter. A report holds it by its own job alone; with the
jobs that were finished before it is made again when it is read (`service.jobs.decisions`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from densearch.answers.compared_metric import LOSS, ComparedMetric
from service.records import Json
from service.report.decision_words import DecisionCase, Light, MoreSeeds, reasons
from service.report.effects import LEAST_PAIRS, Unit, change_of, scaled_of
from service.report.posterior import Belief, Posterior, chance_of_deciding, posterior
from service.report.search_cost import SearchCost
from service.spec import MOST_SEEDS

# Probabilities of a gain above the margin.
ADOPT, LEAVE_OUT = 0.9, 0.1
# More seeds are worth their trainings where they decide with at least this probability.
WORTH = 0.5
# Of fewer pairs the spread is hardly known: more seeds are at least so many in all.
LEAST_SEEDS = 5


@dataclass(frozen=True, slots=True)
class Basis:
    """What a job's own report says of its question; a function of its spec.

    Attributes:
        task: Kind of task.
        kernel_sizes: Of the layers with a density, each once, rising.
        test_split: Name of the test split, see `service.studies.test_splits`; "" where only the
            trainer outside knows it.
        arm: The density's arm.
        against: The simpler arm.
        outcome: Of the last look.
        is_rate_tuned: Whether a simpler arm has its learning rate tuned.
        n: Pairs of seeds.
        n_seeds: Seeds of each arm that were trained.
        n_arms: Arms whose final trainings differ.
        unit: Of the effect.
        mean: Mean of a pair on the scale that is compared, logs for ratios; None without pairs.
        spread: Standard deviation of a pair on that scale; None with fewer than 2 pairs.
        noise: What `spread` is in the median over pairs of the job's arms; None where unknown.
        n_lost: Seeds on which the density's training diverged or learned nothing; None in reports
            of earlier versions.
    """

    task: str
    kernel_sizes: tuple[int, ...]
    test_split: str
    arm: str
    against: str
    outcome: str
    is_rate_tuned: bool
    n: int
    n_seeds: int
    n_arms: int
    unit: Unit
    mean: float | None
    spread: float | None
    noise: float | None
    n_lost: int | None = None

    @property
    def belief(self) -> Belief | None:
        """What the job's seeds say of its effect; None with fewer than 2 pairs or no shares."""
        if self.mean is None or self.spread is None or self.unit == "difference":
            return None
        if self.spread == 0.0 and self.n < LEAST_PAIRS and self.mean != 0.0:
            return None  # equal differences of two pairs are chance
        return Belief(self.mean, self.spread / math.sqrt(self.n), self.n - 1)

    @classmethod
    def of(cls, stored: Mapping[str, object]) -> Basis:
        """Return the basis that a report holds."""
        known = {name: stored.get(name) for name in cls.__slots__}
        sizes = known.pop("kernel_sizes")
        return cls(**known, kernel_sizes=tuple(sizes))  # type: ignore[arg-type] # as `to_dict` made it


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with a density, and why.

    Attributes:
        light: What to do.
        words: The reason in sentences, the most important first.
        margin_percent: The gain that matters.
        chance: The probability that the gain is above it; None where that is not known.
        gain: The expected gain, a share of the loss; None likewise.
        low: Lower end of its central interval of 95 %.
        high: Upper end.
        more: Seeds that are likely to decide, where that is the light.
        search: What the search cost.
    """

    light: Light
    words: list[str]
    margin_percent: float
    chance: float | None
    gain: float | None
    low: float | None
    high: float | None
    more: MoreSeeds | None
    search: SearchCost | None

    def to_dict(self) -> Json:
        """Return the decision as plain values."""
        return asdict(self)


def decide(
    basis: Basis,
    margin: float,
    search: SearchCost | None = None,
    prior: Belief | None = None,
    prior_words: str = "",
    own: ComparedMetric = LOSS,
) -> Decision:
    """Decide what to do with a job's density.

    Args:
        basis: What the job found.
        margin: The gain that matters, a share of the loss in (0, 1).
        search: What its search cost.
        prior: What earlier jobs say; None where there are none.
        prior_words: Which jobs they are, such as "this job and 3 earlier ones of its kind".
        own: What the arms are compared by.
    """
    limit = scaled_of(basis.unit, -margin)
    found = _found(basis, prior, limit)
    more = _more(basis, found, limit) if found is not None and _is_open(found.below) else None
    light = _light(basis, found, more)
    gain = -change_of(basis.unit, found.mean) if found is not None else None
    case = DecisionCase(
        light=light,
        against=basis.against,
        outcome=basis.outcome,
        is_rate_tuned=basis.is_rate_tuned,
        n=basis.n,
        margin=margin,
        chance=found.below if found is not None else None,
        gain=gain,
        more=more,
        search=search,
        prior_words=prior_words,
        own=own,
        lost=(basis.n_lost or 0, basis.n_seeds) if _is_unreliable(basis, found) else None,
    )
    return Decision(
        light=light,
        words=reasons(case),
        margin_percent=100.0 * margin,
        chance=case.chance,
        gain=gain,
        low=-change_of(basis.unit, found.high) if found is not None else None,
        high=-change_of(basis.unit, found.low) if found is not None else None,
        more=more if light == "more seeds" else None,
        search=search,
    )


def _found(basis: Basis, prior: Belief | None, limit: float) -> Posterior | None:
    if basis.outcome == "none found":
        return Posterior(0.0, 0.0, 0.0, 0.0, 0.0)
    own = basis.belief
    return posterior(own, prior, limit) if own is not None else None


def _is_unreliable(basis: Basis, found: Posterior | None) -> bool:
    """Whether a density would be adopted whose training gives nothing on some seeds."""
    return found is not None and found.below > ADOPT and bool(basis.n_lost)


def _is_open(chance: float) -> bool:
    return LEAVE_OUT <= chance <= ADOPT


def _more(basis: Basis, found: Posterior, limit: float) -> MoreSeeds | None:
    """Return the fewest more seeds that are likely to decide, else as many as there may be.

    The seeds of all arms are doubled until there are as many as a job may have.

    Returns:
        None where there may be no more.
    """
    n, chance = basis.n_seeds, 0.0
    if n >= MOST_SEEDS or not basis.spread:
        return None
    while n < MOST_SEEDS and chance < WORTH:
        n = min(max(2 * n, LEAST_SEEDS), MOST_SEEDS)
        chance = chance_of_deciding(found, basis.spread, n - basis.n_seeds, limit, ADOPT)
    n_more = n - basis.n_seeds
    return MoreSeeds(n_more, n_more * basis.n_arms, chance)


def _light(basis: Basis, found: Posterior | None, more: MoreSeeds | None) -> Light:
    if basis.outcome in ("none found", "less reliable"):
        return "leave out"
    if not basis.is_rate_tuned or found is None:
        return "not decided"
    if _is_unreliable(basis, found):
        return "not decided"
    if not _is_open(found.below):
        return "adopt" if found.below > ADOPT else "leave out"
    return "more seeds" if more is not None and more.chance >= WORTH else "not decided"
