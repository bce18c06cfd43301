"""The first page, for the reader who decides: question, answer, gain, cost, recommendation.

Every sentence is that of the stored report, or of `service.report`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from api.dashboard.formats import number, signed
from api.dashboard.pages.spec_text import task_text
from api.documents.blocks import Block, FactsBlock, TextBlock, Tone
from api.documents.figures.arms import arms_figure
from api.documents.source import DocumentSource
from api.documents.standing import standing
from api.documents.texts import metric_title, metric_value, params_text, sentences
from densearch.answers import earlier_looks_in_words
from densearch.metric_titles import METRIC_TITLES
from service.records import Json
from service.report.item_effects import ItemEffect
from service.report.item_scope import scope_in_words
from service.report.question_words import question_of_report
from service.report.verdict import INFERENCE

TONES: Mapping[str, Tone] = {"adopt": "good", "leave out": "bad", "more seeds": "open"}
Fact = tuple[str, Sequence[str]]


def first_page(source: DocumentSource) -> list[Block]:
    """Return what stands on the first page."""
    blocks = [*standing(source)]
    if source.decision is not None:
        tone = TONES.get(source.decision["light"], "open")
        blocks.append(TextBlock("Recommendation", "lead"))
        blocks.append(TextBlock(source.decision["words"][0], tone))
    blocks.append(FactsBlock([(title, words) for title, words in _facts(source) if words]))
    figure = arms_figure(source)
    return [*blocks, figure] if figure is not None else blocks


def _facts(source: DocumentSource) -> Iterator[Fact]:
    report, answer = source.report, source.answer
    findings = report.get("findings") or sentences([report.get("verdict")])
    question = question_of_report(report, is_function=source.is_function, own=source.own)
    yield "Question", [*question, task_text(source.job.spec)]
    yield "Answer", findings[:1]
    yield "Where", _where(source)
    yield "Best so far", [] if report else _best(source)
    yield "What it gains", _gains(answer)
    yield "What the search cost", source.cost_words
    overhead = (report.get("timing") or {}).get("overhead") or {}
    yield "What training costs", sentences([overhead.get("words")])
    yield "What running costs", [INFERENCE] if answer else []
    yield "How certain", _certainty(source)
    notes = [words for words in findings[1:] if words != INFERENCE]
    yield "To note", [*notes, *(source.dataset.warnings if source.dataset else [])]


def _where(source: DocumentSource) -> list[str]:
    """Return the best point of a function."""
    best = {arm["name"]: arm for arm in source.arms}.get(source.report.get("best_arm"))
    return [params_text(best["params"])] if best and source.is_function else []


def _best(source: DocumentSource) -> list[str]:
    study = source.leading
    if study is None or study.best_value is None:
        return []
    return [f"{number(study.best_value, 5)}, by {study.name}"]


def _gains(answer: Json | None) -> list[str]:
    """Return the task's metrics with and without the density, those that people name."""
    found: list[dict[str, Any]] = (answer or {}).get("metrics") or []
    named = [own for own in found if own["name"] in METRIC_TITLES] or found[:1]
    by_title = {metric_title(own["name"]): own for own in reversed(named)}
    return [_gain(title, by_title[title]) for title in reversed(by_title)]


def _gain(title: str, own: Mapping[str, Any]) -> str:
    name = own["name"]
    known = METRIC_TITLES.get(name)
    factor = known.factor if known is not None else 1.0
    ends = [own.get("low"), own.get("high")]
    words = (
        f"{title}: {metric_value(name, own['against'])} without, {metric_value(name, own['arm'])} "
        f"with it; difference {signed(factor * own['difference'])}"
    )
    if None in ends:
        return words
    low, high = (signed(factor * end) for end in ends if end is not None)
    return f"{words} ({low} to {high})"


def _certainty(source: DocumentSource) -> list[str]:
    """Return the estimate with its interval, what it holds for, and what had been looked at."""
    answer = source.answer
    if answer is None:
        return []
    estimate = source.report.get("evidence") or []
    looks = source.earlier_looks
    seen = earlier_looks_in_words(looks) if looks else None
    return sentences([*estimate[:1], *_scope(source, answer), seen])


def _scope(source: DocumentSource, answer: Json) -> list[str]:
    items = answer.get("items")
    if items is None:
        return []
    n_dims = next((card.density.n_dims for card in source.cards), None)
    return scope_in_words(ItemEffect(**items), n_dims)
