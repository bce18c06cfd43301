"""What a job says that was continued beyond its planned looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from densearch.answers.compared_metric import LOSS, ComparedMetric
from service.report.e_values import SIGNIFICANT, e_value
from service.report.effects import Unit, effect_of
from service.report.phrases import count_of, percent
from service.report.primary import Look, PrimaryQuestion
from service.report.rows import ArmTrials


@dataclass(frozen=True, slots=True)
class Continued:
    """The question's arms over all seeds, of which some were not planned.

    There is no interval: that of a fixed number of seeds does not hold where seeds are added
    after a look at the result.

    Attributes:
        n_planned: Seeds of the last planned look that was taken.
        n_seeds: Seeds to which the job was continued.
        n: Pairs that count.
        n_better: Of these, those in which the density's arm is better.
        unit: That of `change`, see `service.report.effects.Effect`.
        change: Negative where the density's arm is better.
        e_value: Evidence against no difference, see `service.report.e_values`; None where the
            arms are the same training, or with fewer than 2 pairs.
        needed: From which e-value on there is a difference, at an error rate of 5 %.
    """

    n_planned: int
    n_seeds: int
    n: int
    n_better: int
    unit: Unit | None
    change: float | None
    e_value: float | None
    needed: float = SIGNIFICANT

    def in_words(self, own: ComparedMetric = LOSS) -> str:
        """Return the same as a sentence."""
        to = f"Continued unplanned from {self.n_planned} to {count_of(self.n_seeds, 'seed')}"
        if self.e_value is None or self.change is None:
            few = "at least 2 pairs of trainings that count are needed"
            return f"{to}: {few if self.n < 2 else 'both arms have the same losses'}."
        size = f"{abs(self.change):.3g}" if self.unit == "difference" else percent(self.change)
        side = own.better if self.change < 0.0 else own.worse
        found = f"the density's {own.noun} is {size} {side} ({self.n} pairs)"
        value = f"over {10**6:,}" if self.e_value > 10**6 else f"{self.e_value:.2g}"
        shows = "shows" if self.e_value >= self.needed else "does not show"
        return (
            f"{to}: {found}; its e-value is {value}, which {shows} a difference "
            f"({self.needed:.0f} is needed, whenever one stops)."
        )


def continued_of(
    found: Sequence[ArmTrials], question: PrimaryQuestion, look: Look, n_seeds: int | None
) -> Continued | None:
    """Compare the question's arms over all seeds; None where no seed was added to the plan.

    Args:
        found: The arms with all their final trainings.
        question: The two arms.
        look: The last planned look.
        n_seeds: Seeds to which the job was continued, if it was: later ones do not count.
    """
    if n_seeds is None or n_seeds <= look.n_seeds:
        return None
    by_name = {one.name: one.up_to(n_seeds) for one in found}
    ours, theirs = (by_name[name].losses for name in (question.arm, question.against))
    effect = effect_of(ours, theirs)
    if effect is None:
        return Continued(look.n_seeds, n_seeds, 0, 0, None, None, None)
    value = None if effect.spread is None else e_value(effect.n, effect.mean, effect.spread)
    return Continued(
        look.n_seeds, n_seeds, effect.n, effect.n_better, effect.unit, effect.change, value
    )
