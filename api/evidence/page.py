"""The evidence page, written from a run's records: no figure on it is typed by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import median

from api.documents.figures.forest import ForestRow, forest
from api.evidence import decision_cost, radius_section
from api.evidence.campaigns import CampaignRun
from api.evidence.claims import claims_table
from api.evidence.comparisons import (
    DENSITY,
    SCALED,
    TUNED,
    PrimaryResult,
    compared,
    pooled,
    primary_of,
)
from api.evidence.records import CellRecord, EvidenceRun
from api.evidence.sign_flips import LEVEL, flipped
from api.evidence.tables import (
    OUTCOMES,
    chain_table,
    combined_text,
    failure_table,
    label,
    metric_table,
    outcome_text,
    pooled_text,
    prediction_text,
    primary_table,
    ratio_text,
    table,
)
from densearch.plurals import counted
from service.report.meta import Combined

FIGURE, LOSSES, ITEMS, RECORDS = "forest.svg", "losses.csv", "items", "records.json"
CAMPAIGNS = "campaigns.json"
_DEFAULT_MARGIN_PERCENT = 1.0
# By which a cell without any difference is called better, see docs/adr/0050.
_BETTER_BY_CHANCE = 0.025
_OF_POOLING = (
    "Paule and Mandel's variance between tasks, Hartung and Knapp's interval, and the "
    "prediction interval for a task not among these. Cells whose test samples come from the "
    "same source count as one task. Where both arms are the same training the ratio is 1, "
    "with the median variance of the other cells."
)


def page(run: EvidenceRun, radii: CampaignRun | None = None) -> str:
    """Return the page as Markdown; the figure and the files lie next to it.

    Args:
        run: Of the cells.
        radii: Of the campaigns, where they were run.
    """
    cells = run.ended
    results = [primary_of(cell) for cell in cells]
    parts = [
        "# Evidence",
        _intro(run),
        _summary(results),
        f"![Forest plot of the ratios of losses]({FIGURE})",
        "## Answers",
        primary_table(results) if results else "No job has ended.",
        _of_answers(results),
        "## Pooled",
        _pooled_table(results),
        _OF_POOLING,
        "## The papers' claims",
        claims_table(cells, radii.campaigns if radii is not None else ()),
        "## What each tuned value gains",
        chain_table(cells),
        radius_section.section(radii, CAMPAIGNS) if radii is not None else "",
        "## What a decision costs",
        decision_cost.section(cells) or "All searches trained in full.",
        "## In the tasks' metrics",
        metric_table(cells, DENSITY, (TUNED, SCALED)),
        "## Failures",
        failure_table(cells),
        "## Null results and cells without a result",
        _null_results(results),
        *_skipped(run.cells),
        "## A check of the method",
        _flips(cells),
        "## Machine and versions",
        _machine(run),
        _machine_of_campaigns(run, radii) if radii is not None else "",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _intro(run: EvidenceRun) -> str:
    return (
        f"Written by `densearch evidence --{run.mode}` from [{RECORDS}]({RECORDS}); no figure on "
        "this page is typed by hand. The [protocol](protocol.md) was registered before the first "
        "training. Each cell asks whether a tuned density gives a lower test loss than the best "
        "simpler arm, a plain network with a tuned learning rate among them; both arms are chosen "
        "on the validation split."
    )


def campaign_page(radii: CampaignRun) -> str:
    """Return a page of the campaigns alone."""
    about = f"{radii.machine}. {_versions(radii.versions)}."
    parts = ["# Evidence", radius_section.section(radii, CAMPAIGNS)]
    return "\n\n".join([*parts, "## Machine and versions", about]) + "\n"


def _versions(versions: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(versions.items()))


def _machine_of_campaigns(run: EvidenceRun, radii: CampaignRun) -> str:
    """Name the machine and the versions of the campaigns where they are others."""
    if (radii.machine, radii.versions) == (run.machine, run.versions):
        return ""
    return f"The campaigns: {radii.machine}. {_versions(radii.versions)}."


def _machine(run: EvidenceRun) -> str:
    return (
        f"{run.machine}. {_versions(run.versions)}.\n\n"
        f"All losses by task, kernel size, arm and seed: [{LOSSES}]({LOSSES}); those of each test "
        f"item, by arm and seed: [{ITEMS}]({ITEMS}). The specs as they were submitted and the "
        f"stored reports: [{RECORDS}]({RECORDS})."
    )


def figure(run: EvidenceRun) -> str:
    """Return the forest plot as SVG."""
    results = [primary_of(cell) for cell in run.ended]
    rows = [_forest_row(own) for own in results]
    found = _pooled(results)
    if found is not None:
        rows += _pooled_rows(found)
    title = "Loss with a tuned density / loss of the best simpler arm"
    return forest(rows, title, _margin(run.ended))


def _margin(cells: Sequence[CellRecord]) -> float:
    plans = [(cell.report or {})["answer"]["plan"]["margin_percent"] for cell in cells]
    return float(plans[0] if plans else _DEFAULT_MARGIN_PERCENT) / 100.0


def _forest_row(own: PrimaryResult) -> ForestRow:
    words = label(own.cell)
    if own.is_same_training:
        return ForestRow(words, 1.0, None, None, "the same training")
    effect = own.effect
    if effect is None or effect.unit != "ratio":
        return ForestRow(words, None, None, None, outcome_text(own.outcome))
    low, high = (None if end is None else 1 + end for end in (effect.low, effect.high))
    return ForestRow(words, 1 + effect.change, low, high, ratio_text(effect))


def _pooled_rows(found: Combined) -> list[ForestRow]:
    ratio, low, high, new_low, new_high = (
        math.exp(log)
        for log in (found.mean, found.low, found.high, found.prediction_low, found.prediction_high)
    )
    words = f"all, {found.n} tasks"
    return [
        ForestRow(words, ratio, low, high, pooled_text(found), is_pooled=True),
        ForestRow("a new task", ratio, new_low, new_high, prediction_text(found)),
    ]


def _pooled(results: Sequence[PrimaryResult]) -> Combined | None:
    return pooled([(own.cell.split, own.effect) for own in results])


def _pooled_table(results: Sequence[PrimaryResult]) -> str:
    sizes = sorted({own.cell.kernel_size for own in results})
    groups = [("all", results)]
    groups += [(f"{k} taps wide", [r for r in results if r.cell.kernel_size == k]) for k in sizes]
    rows = []
    for name, own in groups:
        tuned = pooled([(r.cell.split, compared(r.cell, DENSITY, TUNED)) for r in own])
        rows.append((name, combined_text(_pooled(own)), combined_text(tuned)))
    head = ("kernels", "against the best simpler arm [interval]", f"against `{TUNED}`")
    return table(head, rows)


def _summary(results: Sequence[PrimaryResult]) -> str:
    if not results:
        return "**No job of the protocol has a result.**"
    counts = {name: sum(own.outcome == name for own in results) for name in OUTCOMES}
    said = ", ".join(f"{OUTCOMES[name]} in {n}" for name, n in counts.items() if n)
    seeds = median(own.n_seeds for own in results)
    n = counted(len(results), "cell") if len(results) > 1 else "one cell"
    return f"**In {n}: {said}.** Seeds of each arm: {seeds:g} in the median."


def _of_answers(results: Sequence[PrimaryResult]) -> str:
    by_chance = _BETTER_BY_CHANCE * len(results)
    return (
        "A ratio below 1 is a lower loss. Intervals hold over all planned looks at a level of 5 % "
        "and cover training seeds on one split; the last column covers test items, too. Each cell "
        f"is judged alone: if densities did nothing, up to {by_chance:.1f} of "
        f"{counted(len(results), 'cell')} would be called better by chance."
    )


def _null_results(results: Sequence[PrimaryResult]) -> str:
    null = [own for own in results if own.outcome != "better"]
    if not null:
        return "In every cell the density is better."
    return "\n".join(f"- {label(own.cell)}: {outcome_text(own.outcome)}." for own in null)


def _skipped(cells: Sequence[CellRecord]) -> list[str]:
    lines = [
        f"- {cell.task}, kernels of {cell.kernel_size}: {cell.skipped}."
        for cell in cells
        if cell.skipped
    ]
    return ["\n".join(lines)] if lines else []


def _flips(cells: Sequence[CellRecord]) -> str:
    found = flipped(cells)
    if found is None:
        return "There are no differences whose signs could be drawn."
    return (
        f"With random signs of all stored differences ({found.n_pairs} pairs of arms, "
        f"{found.n_flips:,} draws each) the t test is significant at {LEVEL:.0%} in "
        f"{found.rate:.1%} of tests. No difference exists in such data, so this is its error rate."
    )
