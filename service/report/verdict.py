"""The report's verdict as sentences: what to do, how much it gains, how sure that is.

The first sentence is for the person who decides, the evidence for the one who checks. Neither
shows a p value, and a density never "helps" without the words what it is compared with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from densearch.answers.compared_metric import LOSS, ComparedMetric
from service.report.attribution import DEFAULT_INIT_TUNED, FLAT, FLAT_TUNED, UNIFORM, UNIFORM_TUNED
from service.report.effects import Effect, chance_of
from service.report.failures import Failures
from service.report.metric_effects import MetricEffect, headline_of
from service.report.phrases import (
    between,
    chance_text,
    count_of,
    ends_of,
    joined,
    percent,
    size_of,
)
from service.report.primary import Look, PrimaryQuestion, SeedPlan

INFERENCE = "Inference costs nothing more: the density is folded into the weights."

# An arm without a spatial shape, as a noun phrase.
PLAIN: Mapping[str, str] = {
    UNIFORM: "the plain network",
    UNIFORM_TUNED: "the plain network at its best learning rate",
    DEFAULT_INIT_TUNED: "the network as the framework initialises it, at its best learning rate",
    FLAT: "the network with scaled weights",
    FLAT_TUNED: "the network with scaled weights and its best learning rate",
}


@dataclass(frozen=True, slots=True)
class Advice:
    """A simpler arm against uniform: what is worth changing without a density.

    Attributes:
        arm: The best simpler one; `uniform_tuned` where that is not established to be better.
        effect: Its loss against uniform's.
        metrics: The same in the task's metrics.
        rate: The learning rate that was found.
        own_rate: The job's.
        factor: The scale of the initial weights that was found, if one was searched.
    """

    arm: str
    effect: Effect
    metrics: Sequence[MetricEffect]
    rate: float | None = None
    own_rate: float | None = None
    factor: float | None = None


@dataclass(frozen=True, slots=True)
class VerdictCase:
    """All that the verdict is made of.

    Attributes:
        question: The two arms.
        plan: The looks and the margin.
        look: The last look.
        n_looks: How many were taken.
        metrics: The density's arm against the simpler one, in the task's metrics.
        n_searched: Trainings of the searches of the arms in question, by name.
        failures: Of every arm.
        rates: Learning rates of the arms, by name.
        advice: What is worth changing without a density, if `against` is not uniform.
        measure: What the arms are compared by.
    """

    question: PrimaryQuestion
    plan: SeedPlan
    look: Look
    n_looks: int
    metrics: Sequence[MetricEffect]
    n_searched: Mapping[str, int] = field(default_factory=dict)
    failures: Mapping[str, Failures] = field(default_factory=dict)
    rates: Mapping[str, float] = field(default_factory=dict)
    advice: Advice | None = None
    measure: ComparedMetric = LOSS


def verdict(case: VerdictCase) -> list[str]:
    """Return the sentences for the person who decides, the most important first."""
    first = _first(case)
    return [f"{first[0]} {first[1]}", *first[2:], *_failures(case)]


def evidence(case: VerdictCase) -> list[str]:
    """Return the lines for the person who checks the verdict."""
    lines = [_ratio(case), _searched(case)]
    if case.measure.is_maximized:
        name = case.measure.name
        lines.append(f"Values of trials are the negative of {name}: searches minimise.")
    lines += [
        f"{own.name}: {own.against:.4g} to {own.arm:.4g}, difference {own.difference:+.3g}"
        + ("" if own.low is None or own.high is None else f" [{own.low:+.3g}, {own.high:+.3g}]")
        for own in case.metrics
    ]
    if case.look.outcome != "better":  # else the verdict says it
        lines.append(INFERENCE)
    return [line for line in lines if line]


def _first(case: VerdictCase) -> list[str]:
    """Return the heading, what was found, and what follows from it."""
    outcome = case.look.outcome
    if outcome == "less reliable":
        return ["Do not use the density.", _less_reliable(case)]
    if not case.question.is_rate_tuned:
        return ["Not judged against a tuned learning rate.", *_unjudged(case)]
    if outcome == "not decided":
        return ["Not decided.", *_undecided(case), *_without(case)]
    if outcome == "better":
        return ["Use the density.", *_better(case)]
    found = {"worse": _worse, "no difference": _no_difference, "none found": _none_found}[outcome]
    return [*_instead(case, "Leave the density out."), found(case)]


def _instead(case: VerdictCase, otherwise: str) -> list[str]:
    """Return what to change instead of the density, if that is established."""
    advice = case.advice
    if advice is None or not advice.effect.is_better:
        return [otherwise]
    against = advice.arm
    own = case.measure
    change = f"{size_of(advice.effect)}{_in_metric(advice.metrics)}"
    gain = f"the {own.noun} {own.improves} by {change}"
    if against == FLAT_TUNED and advice.factor is not None:
        head = f"Scale the initial weights by {advice.factor:.2g}, leave the density out."
        at = "With it" if advice.rate is None else f"At the learning rate {advice.rate:.2g}"
        return [head, f"{at} {gain}; the spatial shape adds nothing."]
    if against == DEFAULT_INIT_TUNED:
        head = "Use the framework's initialisation, leave the density out."
        return [head, f"With its best learning rate {gain}; a density adds nothing."]
    if against == UNIFORM_TUNED and advice.rate is not None and advice.own_rate is not None:
        verb = "Raise" if advice.rate > advice.own_rate else "Lower"
        moved = f"From {advice.own_rate:.2g} to {advice.rate:.2g} {gain}"
        head = f"{verb} the learning rate, leave the density out."
        return [head, f"{moved}; a density adds nothing."]
    return [otherwise]


def _without(case: VerdictCase) -> list[str]:
    """Return what is gained without a density, if that is established."""
    advice = case.advice
    if advice is None or not advice.effect.is_better:
        return []
    rate = "" if advice.rate is None else f" at the learning rate {advice.rate:.2g}"
    changes = {
        FLAT_TUNED: f"initial weights scaled by {advice.factor:.2g}" if advice.factor else None,
        DEFAULT_INIT_TUNED: "the framework's initialisation",
        UNIFORM_TUNED: "the plain network",
    }
    change = changes.get(advice.arm)
    if change is None:
        return []
    gain = f"{size_of(advice.effect)}{_in_metric(advice.metrics)}"
    own = case.measure
    found = f"Without a density the {own.noun} {own.improves} by {gain}"
    return [f"{found} with {change}{rate}."]


def _better(case: VerdictCase) -> list[str]:
    effect, plain = _effect(case), PLAIN[case.question.against]
    own = case.measure
    better = f"Its {own.noun} is {size_of(effect)} {own.better}{_in_metric(case.metrics)}"
    return [
        f"{better} than that of {plain}.",
        f"The true gain is very likely between {between(effect)}.",
        INFERENCE,
    ]


def _worse(case: VerdictCase) -> str:
    effect, own = _effect(case), case.measure
    worse = f"{size_of(effect)} {own.worse}{_in_metric(case.metrics)}"
    return (
        f"The density's {own.noun} is {worse} than that of {PLAIN[case.question.against]}, "
        f"very likely between {between(effect)}."
    )


def _no_difference(case: VerdictCase) -> str:
    effect, plain, own = _effect(case), PLAIN[case.question.against], case.measure
    if effect.is_same:
        return f"The density's {own.noun} equals that of {plain} on every seed."
    return (
        f"The density makes no difference that matters: its {own.noun} is within "
        f"{percent(case.plan.margin)} of that of {plain} ({ends_of(own.shown(effect))})."
    )


def _none_found(case: VerdictCase) -> str:
    n = case.n_searched.get(case.question.arm, 0)
    tried = f"None of the {n} densities tried" if n > 1 else "No density tried"
    return f"{tried} is better than {PLAIN[case.question.against]} on the validation split."


def _undecided(case: VerdictCase) -> list[str]:
    effect, plain, own = case.look.effect, PLAIN[case.question.against], case.measure
    if effect is None or effect.low is None or effect.high is None:
        needs = "at least 2 final trainings of both that count are needed"
        return [f"The density cannot be compared with {plain}: {needs}."]
    seeds = count_of(effect.n, "seed")
    if effect.unit == "difference":
        found = f"The density's {own.noun} differs by {ends_of(own.shown(effect))}"
        return [f"{found} from that of {plain} ({seeds})."]
    ends = f"{percent(effect.low)} {own.better} or {percent(effect.high)} {own.worse}"
    words = [f"The density's {own.noun} may be {ends} than that of {plain}."]
    if effect.detectable is not None:
        least = percent(effect.detectable)
        words.append(f"With {seeds} only differences above about {least} could be seen.")
    return words


def _unjudged(case: VerdictCase) -> list[str]:
    effect, plain, own = case.look.effect, PLAIN[case.question.against], case.measure
    remedy = "Add the controls uniform_tuned and density_tuned."
    if case.look.outcome == "none found":
        return [_none_found(case), remedy]
    if effect is None or effect.low is None:
        return [*_undecided(case), remedy]
    if effect.is_same:
        return [f"The density's {own.noun} equals that of {plain} on every seed.", remedy]
    found = (
        f"At the job's own rate the density's {own.noun} is {size_of(effect)} "
        f"{own.side_of(effect)}{_in_metric(case.metrics)} than that of {plain} "
        f"({ends_of(own.shown(effect))})"
    )
    if effect.is_better:
        return [f"{found}; a better rate alone may do as much.", remedy]
    return [f"{found}.", remedy]


def _less_reliable(case: VerdictCase) -> str:
    own, other = case.look.failures, case.look.against_failures
    return (
        f"Its training {_how(own)} on {own.of_training} of {count_of(own.n, 'seed')}, that of "
        f"{PLAIN[case.question.against]} on {other.of_training} of {other.n}."
    )


def _failures(case: VerdictCase) -> list[str]:
    """Name every arm whose final trainings failed; first of all those of the plain network."""
    sentences = []
    for name, found in case.failures.items():
        is_said = case.look.outcome == "less reliable" and name == case.question.arm
        if found.total and not is_said:
            rate = case.rates.get(name)
            at = "" if rate is None else f" at the learning rate {rate:.2g}"
            lost = f"{found.total} of {count_of(found.n, 'seed')}"
            sentences.append(f"{name} {_how(found)} on {lost}{at}: these are not averaged.")
    return sentences


def _how(found: Failures) -> str:
    kinds = [
        (found.n_diverged, "diverged"),
        (found.n_collapsed, "learned nothing"),
        (found.n_failed, "ended with an error"),
    ]
    return joined([words for n, words in kinds if n] or ["failed"]).replace(" and ", " or ")


def _ratio(case: VerdictCase) -> str:
    effect, question, plan = case.look.effect, case.question, case.plan
    if effect is None:
        return ""
    chance = _chance(effect, plan)
    effect = case.measure.shown(effect)
    pair = f"{question.arm} / {question.against}"
    at = f"look {case.n_looks} of {len(plan.looks)}" if len(plan.looks) > 1 else "planned"
    seeds = f"{count_of(effect.n, 'seed')} ({at}), better on {effect.n_better}"
    if question.is_same_training:
        return f"{pair}: both are the same training."
    if effect.unit == "difference":
        return f"{pair}: difference {effect.change:+.3g}, 95 % {ends_of(effect)}, {seeds}."
    ends = ""
    if effect.low is not None and effect.high is not None:
        ends = f", 95 % {1.0 + effect.low:.3f} to {1.0 + effect.high:.3f}"
    seen = (
        "" if effect.detectable is None else f"; detectable at 80 %: {percent(effect.detectable)}"
    )
    return f"{pair} = {1.0 + effect.change:.3f}{ends}, {seeds}{seen}.{chance}"


def _chance(effect: Effect, plan: SeedPlan) -> str:
    chance = chance_of(effect, plan.margin)
    if chance is None:
        return ""
    margin, shown = percent(plan.margin), chance_text(chance)
    return f" By this job alone the gain is above {margin} with a probability of {shown}."


def _searched(case: VerdictCase) -> str:
    if not case.n_searched:
        return ""
    counts = joined([f"{n} ({name})" for name, n in case.n_searched.items()])
    return f"Trainings of the searches: {counts}."


def _in_metric(metrics: Sequence[MetricEffect]) -> str:
    words = headline_of(metrics)
    return "" if words is None else f" ({words})"


def _effect(case: VerdictCase) -> Effect:
    if case.look.effect is None:
        raise ValueError(f"the outcome {case.look.outcome} has no effect")
    return case.look.effect
