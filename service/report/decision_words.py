"""The words of a decision: what to do, why, and what the search cost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from densearch.answers.compared_metric import LOSS, ComparedMetric
from densearch.plurals import with_article
from service.report.phrases import chance_text, count_of, percent
from service.report.search_cost import SearchCost
from service.report.verdict import PLAIN

Light = Literal["adopt", "leave out", "more seeds", "not decided"]


@dataclass(frozen=True, slots=True)
class MoreSeeds:
    """Seeds that are likely to decide.

    Attributes:
        n_seeds: More of each arm.
        n_trainings: Their trainings, of all arms together.
        chance: The probability that they decide.
    """

    n_seeds: int
    n_trainings: int
    chance: float


@dataclass(frozen=True, slots=True)
class DecisionCase:
    """All that the words are made of.

    Attributes:
        light: What to do.
        against: The simpler arm.
        outcome: Of the last look.
        is_rate_tuned: Whether a simpler arm has its learning rate tuned.
        n: Pairs of seeds.
        margin: The gain that matters, a share of the loss.
        chance: The probability that the gain is above it, if known.
        gain: The expected gain, a share of the loss, if known.
        more: More seeds, and the probability that they decide; None where there may be none.
        search: What the search cost.
        prior_words: Which jobs it is by; "" by this job alone.
        own: What the arms are compared by.
        lost: On how many seeds of how many the density's training gave nothing, where that alone
            speaks against it.
    """

    light: Light
    against: str
    outcome: str
    is_rate_tuned: bool
    n: int
    margin: float
    chance: float | None
    gain: float | None
    more: MoreSeeds | None
    search: SearchCost | None
    prior_words: str
    own: ComparedMetric = LOSS
    lost: tuple[int, int] | None = None


def reasons(case: DecisionCase) -> list[str]:
    """Return what to do and why, then what the search cost, where that is known."""
    words = _known(case) or _weighed(case)
    cost = _cost(case)
    return [words, cost] if cost else [words]


def _known(case: DecisionCase) -> str:
    """Return the reason of a decision that takes no probability; "" of another."""
    plain = PLAIN[case.against]
    if case.outcome == "none found":
        return f"Leave the density out: none was found that is better than {plain}."
    if case.outcome == "less reliable":
        return f"Leave the density out: its training fails more often than that of {plain}."
    if not case.is_rate_tuned:
        return "Not decided: the density was not compared with a tuned learning rate."
    if case.chance is None:
        why = "its losses have no percentage" if case.n > 2 else "it takes more final trainings"
        return f"Not decided: {why}."
    return ""


def _weighed(case: DecisionCase) -> str:
    chance, by = chance_text(case.chance or 0.0), case.prior_words
    gain = (
        f"The probability that its {case.own.name} is {case.own.better} by more than "
        f"{percent(case.margin)} than that of {PLAIN[case.against]} is "
        f"{chance}{f', by {by}' if by else ''}."
    )
    if case.lost is not None:
        n_lost, n_seeds = case.lost
        return (
            f"Not decided: on {n_lost} of {n_seeds} seeds the density's training diverged or "
            "learned nothing. Make it reliable first, with a lower learning rate or more epochs. "
            f"Where it learns: {gain[0].lower()}{gain[1:]}"
        )
    if case.light == "adopt":
        is_established = case.outcome == "better"
        head = "Adopt the density" + (
            "." if is_established else ": likely, though not established."
        )
        return f"{head} {gain}"
    if case.light == "leave out":
        return f"Leave the density out. {gain}"
    return _open(case, gain)


def _open(case: DecisionCase, gain: str) -> str:
    """Return what more seeds would do, where the probability decides nothing."""
    more, margin = case.more, percent(case.margin)
    is_better = case.outcome == "better"
    head = f"The density is better; whether by more than {margin} is open." if is_better else ""
    if more is None:
        return f"{head or 'Not decided.'} A job may have no more seeds. {gain}"
    seeds = count_of(more.n_seeds, "more seed")
    trainings = count_of(more.n_trainings, "training")
    decide = f"decide that with a probability of {chance_text(more.chance)}"
    if case.light == "more seeds" and is_better:
        return f"{head} {gain} To decide it, train {seeds} ({trainings}); they {decide}."
    if case.light == "more seeds":
        return f"Train {seeds} ({trainings}). {gain} They {decide}."
    head = head or "Not decided."
    return f"{head} More seeds will hardly help. {gain} Only {seeds} {decide}."


def _cost(case: DecisionCase) -> str:
    """Say what the search cost, and how often its gain is to be used until that is little."""
    search = case.search
    if search is None or search.n_trainings == 0:
        return ""
    full = math.ceil(search.full_trainings)
    took = f"The search took {count_of(search.n_trainings, 'training')}"
    if full != search.n_trainings:
        took += f", as much as {full} in full"
    if case.light != "adopt" or case.gain is None:
        return f"{took}."
    return (
        f"{took}. Once the network has been trained {count_of(full, 'time')} for use, that is one "
        f"more training each time, for {with_article(case.own.name)} that is {percent(case.gain)} "
        f"{case.own.better}."
    )
