"""Tables of the evidence page, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import exp

from api.evidence.comparisons import CHAIN, MetricGain, PrimaryResult, compared, gain_of
from api.evidence.records import COUNTED, DIVERGED, FAILED, NOTHING, CellRecord
from densearch.plurals import counted
from service.report.effects import Effect
from service.report.meta import Combined

OUTCOMES = {
    "better": "better",
    "worse": "worse",
    "no difference": "no difference that matters",
    "none found": "no density found that is better",
    "less reliable": "fails more often",
    "not decided": "not decided",
}
# Of each metric that people name: its title, its unit, the factor to it, and the digits shown.
METRICS = {
    "accuracy": ("accuracy", "points", 100.0, 2),
    "psnr_clipped_db": ("PSNR", "dB", 1.0, 2),
    "macro_f1": ("macro F1", "points", 100.0, 2),
}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def label(cell: CellRecord) -> str:
    """Name a cell for people: kernels of signals are "3", those of images "3x3"."""
    data = ((cell.spec or {}).get("task") or {}).get("data") or {}
    return f"{cell.task}, {'x'.join([str(cell.kernel_size)] * data.get('n_dims', 2))}"


def outcome_text(outcome: str) -> str:
    """Write a report's outcome for people; one of a later version as it is."""
    return OUTCOMES.get(outcome, outcome)


def interval_text(low: float, high: float) -> str:
    """Write the ends of an interval of ratios."""
    return f"[{low:.3f}, {high:.3f}]"


def ratio_text(effect: Effect | None) -> str:
    """Write a ratio of losses with its interval."""
    if effect is None:
        return "-"
    if effect.is_same:
        return "1 (the same trainings)"
    if effect.unit != "ratio":
        return f"{effect.change:+.3g} ({effect.unit})"
    ends = ""
    if effect.low is not None and effect.high is not None:
        ends = f" {interval_text(1 + effect.low, 1 + effect.high)}"
    return f"{1 + effect.change:.3f}{ends}"


def primary_table(results: Sequence[PrimaryResult]) -> str:
    """Return the answers to the question of each cell."""
    head = ("task, kernels", "answer", "ratio of losses [interval]", "against", "seeds", "looks",
            "seeds and items")  # fmt: skip
    rows = [
        (
            label(own.cell),
            outcome_text(own.outcome),
            "1 (the same trainings)" if own.is_same_training else ratio_text(own.effect),
            f"`{own.against}`",
            str(own.n_seeds),
            str(own.n_looks),
            _items_text(own.cell),
        )
        for own in results
    ]
    return table(head, rows)


def _items_text(cell: CellRecord) -> str:
    """Write the interval over seeds and test items, where the report has one."""
    items = ((cell.report or {}).get("answer") or {}).get("items") or {}
    low, high = items.get("low"), items.get("high")
    if low is None or high is None:
        return "-"
    return f"{interval_text(1 + low, 1 + high)}, {items.get('n_items')} items"


def chain_table(cells: Sequence[CellRecord]) -> str:
    """Return what each tuned value gains over the arm without it."""
    head = ("task, kernels", *(f"`{arm}` / `{against}`" for arm, against in CHAIN))
    rows = [
        (label(cell), *(ratio_text(compared(cell, arm, against)) for arm, against in CHAIN))
        for cell in cells
    ]
    return table(head, rows)


def metric_table(cells: Sequence[CellRecord], arm: str, simpler: Sequence[str]) -> str:
    """Return an arm's gains over simpler ones in the tasks' own metrics."""
    rows = []
    for cell in cells:
        for name, (title, _, _, _) in METRICS.items():
            gains = [gain_of(cell, name, arm, against) for against in simpler]
            if any(gain is not None for gain in gains):
                rows.append((label(cell), title, *(gain_text(name, gain) for gain in gains)))
    head = ("task, kernels", "metric", *(f"`{arm}` less `{against}`" for against in simpler))
    return table(head, rows)


def gain_text(metric: str, gain: MetricGain | None) -> str:
    """Write a gain with its interval and its seeds."""
    if gain is None:
        return "-"
    _, unit, factor, digits = METRICS[metric]
    ends = ""
    if gain.low is not None and gain.high is not None:
        ends = f" [{factor * gain.low:+.{digits}f}, {factor * gain.high:+.{digits}f}]"
    seeds = counted(gain.n, "seed")
    return f"{factor * gain.gain:+.{digits}f}{ends} {unit}, {seeds}"


def failure_table(cells: Sequence[CellRecord]) -> str:
    """Return the final trainings by how they ended, of the arms where some gave nothing."""
    rows = []
    for cell in cells:
        for arm in sorted({own.arm for own in cell.trainings}):
            states = [own.state for own in cell.trainings if own.arm == arm]
            if any(state != COUNTED for state in states):
                counts = [str(states.count(state)) for state in (DIVERGED, NOTHING, FAILED)]
                rows.append((label(cell), f"`{arm}`", *counts, str(len(states))))
    if not rows:
        return "No final training diverged, learned nothing or failed."
    return table(("task, kernels", "arm", "diverged", "learned nothing", "failed", "of"), rows)


def combined_text(found: Combined | None) -> str:
    """Write a pooled ratio with both of its intervals."""
    if found is None:
        return "not enough independent tasks"
    return f"{pooled_text(found)}, a new task {prediction_text(found)}, {found.n} tasks"


def pooled_text(found: Combined) -> str:
    """Write a pooled ratio with its interval."""
    return f"{exp(found.mean):.3f} {interval_text(exp(found.low), exp(found.high))}"


def prediction_text(found: Combined) -> str:
    """Write the interval of the ratio on a new task."""
    return interval_text(exp(found.prediction_low), exp(found.prediction_high))
