"""How a job searched: its studies, the best so far of each, plateaus, and what failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from api.dashboard.figures import convergence
from api.dashboard.figures.series import Series, series_of
from api.dashboard.figures.staircases import Step, staircase, thinned
from api.dashboard.formats import NONE, number, sentence
from api.dashboard.pages.job_overview import ROLES
from api.documents.blocks import (
    Block,
    DocumentSection,
    FigureBlock,
    TableBlock,
    TextBlock,
    columns,
)
from api.documents.figures.lines import ControlLevel, SearchLine, search_lines
from api.documents.source import DocumentSource
from api.documents.texts import params_text
from densearch.plurals import counted
from densearch.vector_text import layers_text, range_text, taps_text
from service.records import Study, Trial
from service.states import REASONS, Role

MOST_STEPS = 400


def search_sections(source: DocumentSource) -> Iterator[DocumentSection]:
    """Yield the search, and what failed in it."""
    yield DocumentSection("search", "Search", [*_search(source)])
    failed = [*_failures(source)]
    if failed:
        yield DocumentSection("failures", "Failures", failed)


def _search(source: DocumentSource) -> Iterator[Block]:
    figure = _figure(source)
    yield figure if figure is not None else TextBlock("No trial of a search has a value.")
    yield _studies(source)
    if source.vector:
        yield _vector(source.vector)
    if (fidelity := source.report.get("fidelity")) is not None:
        yield TextBlock(fidelity["words"])
    yield from _plateaus(source)


def _figure(source: DocumentSource) -> FigureBlock | None:
    points = {
        study_id: [Step(found.number + 1, found.value, found.number) for found in own]
        for study_id, own in convergence.by_study(source.results).items()
    }
    known = series_of([study for study in source.studies if study.id in points])
    lines = [_line(one, points) for one in known if one.role is not Role.CONTROL]
    if not lines:
        return None
    controls = [one for one in known if one.role is Role.CONTROL]
    levels = [ControlLevel(one.name, points[one.studies[0].id][0].value) for one in controls]
    caption = (
        "The best so far of each search against its trials, lower is better; dashed lines are "
        "arms that are trained once. The numbers are the last values."
    )
    what = "Value" if source.is_function else "Validation loss"
    return FigureBlock(caption, search_lines(lines, levels, "Best so far of each search", what))


def _line(one: Series, points: Mapping[int, Sequence[Step]]) -> SearchLine:
    stairs = [thinned(staircase(points[study.id]), MOST_STEPS) for study in one.studies]
    return SearchLine(one.label, stairs, one.place)


def _studies(source: DocumentSource) -> TableBlock:
    rows = [
        [
            study.name,
            ROLES[study.role],
            study.sampler if study.role in (Role.SEARCH, Role.TUNED) else NONE,
            str(study.n_trials) if study.n_trials else NONE,
            number(study.best_value, 5),
            _ended(study),
        ]
        for study in source.studies
    ]
    head = columns("Study", "Role", "Sampler", "#Trials planned", "#Best value", "End")
    return TableBlock("The studies: searches first, then controls.", head, rows)


def _ended(study: Study) -> str:
    if study.stopped_at is not None:
        why = REASONS.get(study.stopped_by or "", "it was stopped")
        fault = f": {study.fault}" if study.fault else ""
        return f"after {study.stopped_at} trials, because {why}{fault}"
    return "as planned" if study.is_finished else "not finished"


def _vector(vector: Sequence[Mapping[str, Any]]) -> TableBlock:
    rows = [
        [
            str(value["name"]),
            layers_text(value) or NONE,
            taps_text(value) or "a setting",
            range_text(value),
        ]
        for value in vector
    ]
    head = columns("Value", "Layers", "Sets", "Range")
    return TableBlock("The values that are searched, and what each sets.", head, rows)


def _plateaus(source: DocumentSource) -> Iterator[Block]:
    noise = source.report.get("noise")
    arms = [arm for arm in source.arms if arm.get("plateau")]
    if noise is None or not arms:
        return
    caption = (
        "Plateau: values that one seed cannot distinguish from the best, up to "
        f"{number(round(100 * noise['limit'], 9), 2)} % worse ({noise['n_arms']} arms, "
        f"{noise['n_seeds']} seeds)."
    )
    rows = [
        [arm["name"], axis["axis"], number(axis["best"], 3), axis["text"], _count(arm["plateau"])]
        for arm in arms
        for axis in arm["plateau"]["axes"]
    ]
    head = columns("Arm", "Value", "#Best", "Plateau", "#Trials in it")
    yield TableBlock(caption, head, rows)


def _count(plateau: Mapping[str, Any]) -> str:
    return f"{plateau['n_trials']} of {plateau['n_compared']}"


def _failures(source: DocumentSource) -> Iterator[Block]:
    counts, names = source.progress, {study.id: study.name for study in source.studies}
    if counts.n_pruned:
        pruned = counted(counts.n_pruned, "training was", "trainings were")
        yield TextBlock(f"{pruned} stopped early by the pruning rule.")
    if not source.failed:
        return
    shown = len(source.failed)
    more = "" if shown >= counts.n_failed else f"; the first {shown} are shown"
    caption = f"Trials that ended without a result: {counts.n_failed}{more}."
    rows = [_failed(trial, names) for trial in source.failed]
    head = columns("Study", "Phase", "#Trial", "Values", "#Attempts", "Error")
    yield TableBlock(caption, head, rows)


def _failed(trial: Trial, names: Mapping[int, str]) -> list[str]:
    error = trial.error or {}
    words = str(error.get("detail") or error.get("title") or "not known")
    return [
        names.get(trial.study_id, NONE),
        trial.phase.value,
        NONE if trial.number is None else str(trial.number),
        params_text(trial.params),
        str(trial.n_attempts),
        sentence(words[:500]),
    ]
