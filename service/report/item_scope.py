"""What the answer holds for: seeds, the items of the test split, and items like them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from service.item_losses import ItemLosses
from service.records import Trial
from service.report.answer import looked_at, question_in
from service.report.effects import shared
from service.report.item_effects import ItemEffect, item_effect_of
from service.report.phrases import count_of, percent
from service.report.primary import PrimaryQuestion, SeedPlan
from service.report.rows import ArmTrials, arms_with_trials
from service.studies.resolved import TrainingJob
from service.studies.study_run import StudyRun

# With fewer groups the interval is somewhat too narrow (ADR 55).
WIDE_FROM = 50
# What an item is, by the number of axes of a sample.
ITEMS = {1: "signal", 2: "image", 3: "volume"}


@dataclass(frozen=True, slots=True)
class Scope:
    """What the answer holds for.

    Attributes:
        effect: The effect over seeds and items.
        words: Lines for the person who checks.
    """

    effect: ItemEffect
    words: list[str]


def trainings_in_question(
    arms: Sequence[StudyRun], trials: Iterable[Trial], plan: SeedPlan
) -> list[str]:
    """Return the digests of the final trainings that the answer is made of.

    Args:
        arms: Studies of a job whose trials have all ended.
        trials: Its trials.
        plan: Its looks.
    """
    found, taken = looked_at(arms_with_trials(arms, list(trials)), plan)
    question = question_in(found)
    if question is None or not taken:
        return []
    ours, theirs = _trainings_of(found, question)
    return [*ours, *theirs]


def _trainings_of(found: Sequence[ArmTrials], question: PrimaryQuestion) -> tuple[list[str], ...]:
    """Return the digests of the final trainings of both arms that count, by their seed."""
    by_name = {one.name: one for one in found}
    pair = [by_name[name] for name in (question.arm, question.against)]
    seeds = shared(pair[0].losses, pair[1].losses)
    digests = [{trial.number: trial.digest for trial in _counted(one)} for one in pair]
    return tuple([own[seed] for seed in seeds] for own in digests)


def _counted(one: ArmTrials) -> list[Trial]:
    return [trial for trial in one.tested if trial.number is not None]


def scope_of(
    resolved: TrainingJob,
    found: Sequence[ArmTrials],
    question: PrimaryQuestion,
    level: float,
    known: Mapping[str, ItemLosses],
) -> Scope:
    """Say what the answer holds for.

    Args:
        resolved: The job.
        found: Arms with the trainings of the last look.
        question: The two arms.
        level: Two-sided level of the intervals.
        known: The losses of items that were kept, by the digest of the training.
    """
    ours, theirs = _trainings_of(found, question)
    effect = item_effect_of(ours, theirs, known, level)
    return Scope(effect, scope_in_words(effect, resolved.data.n_dims))


def scope_in_words(effect: ItemEffect, n_dims: int | None) -> list[str]:
    """Return what an answer holds for; items of unknown axes are called items."""
    item = ITEMS.get(n_dims or 0, "item")
    holds = "The interval is over seeds of training: it holds for these splits and these densities"
    if effect.n_items is None:
        return [f"{holds}."]
    n_items = count_of(effect.n_items, f"test {item}")
    scope = f"{holds}; {n_items}{_of_groups(effect)}."
    is_same = effect.low == effect.high == 0.0  # the same trainings, as is said already
    return [scope] if is_same else [scope, _over_items(effect, item)]


def _of_groups(effect: ItemEffect) -> str:
    n_groups = effect.n_groups or effect.n_items
    if n_groups is None or n_groups == effect.n_items:
        return ""
    return f" of {count_of(n_groups, 'group')}"


def _over_items(effect: ItemEffect, item: str) -> str:
    n_items = f"{effect.n_items} {item}s" if effect.n_items != 1 else f"one {item}"
    over = f"Over seeds and the {n_items}{_of_groups(effect)} of the test split"
    if effect.low is None or effect.high is None:
        return f"{over}: no interval; {effect.reason}."
    if effect.unit == "difference":
        return f"{over}: {effect.low:+.3g} to {effect.high:+.3g}."
    ends = f"{over}: {1.0 + effect.low:.3f} to {1.0 + effect.high:.3f}"
    if effect.item_share is None:
        return f"{ends}."
    share = f"{percent(effect.item_share)} of this variance is that of the {item}s"
    few = "" if (effect.n_groups or 0) >= WIDE_FROM else "; of so few it is somewhat too narrow"
    return f"{ends}; {share}{few}."
