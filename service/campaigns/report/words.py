"""The report of a campaign in sentences: the first answers, the others say what was left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from service.campaigns.report.cells import LESS_RELIABLE, NONE_FOUND, CellResult
from service.campaigns.report.pooling import Replication, SplitEffect
from service.campaigns.report.radius import LEAST_WIDTHS, Slope, Standing
from service.campaigns.report.sharpness import Sharpness
from service.report.effects import share_of
from service.report.meta import Combined
from service.report.phrases import count_of, joined, percent, signed
from service.report.stored_answer import NOT_JUDGED
from service.states import JobState

# Why a setting has no best radius, by its standing.
_UNFITTED: dict[Standing, str] = {
    # Of losses that do not change with the width, and of those that only rise or only fall.
    "flat": "there is no optimum to speak of: the losses are not shown to have a minimum among "
    "the radii that were tried",
    "outside": "the best radius is not among those that were tried: widen density.bounds",
    "too few": f"fewer than {LEAST_WIDTHS} widths were trained to their end without diverging",
}
# Reasons of failed jobs that are named; the others are counted.
MOST_REASONS = 3


def ends(low: float, high: float) -> str:
    """Return an interval of shares: "[-19 %, -5 %]"."""
    return f"[{signed(low)}, {signed(high)}]"


def effect_in_words(
    splits: Sequence[SplitEffect], combined: Combined | None, n_cells: int
) -> list[str]:
    """Say what the densities gain over the test splits, and what another one may show.

    Args:
        splits: With the cells that have an effect.
        combined: Over them; None with fewer than 2.
        n_cells: Cells of the campaign.
    """
    if combined is None:
        return [_alone(splits[0], n_cells)] if splits else []
    cells = _part(sum(one.n_cells for one in splits), n_cells, "cell")
    new = ends(share_of(combined.prediction_low), share_of(combined.prediction_high))
    sentence = (
        f"Over {len(splits)} test splits ({cells}) the loss with a density is "
        f"{_size(combined.mean)} than that of the best network without "
        f"{ends(share_of(combined.low), share_of(combined.high))}"
    )
    is_shown = combined.high < 0.0 or combined.low > 0.0
    return [
        f"{sentence}{'' if is_shown else ', which is not shown to differ from 0'}.",
        f"On a task that is not among these it is expected to change by {new}.",
    ]


def none_in_words(results: Sequence[CellResult], splits: Sequence[SplitEffect]) -> list[str]:
    """Say why jobs that have ended show no effect."""
    if splits:
        return []
    n_none = sum(one.outcome == NONE_FOUND for one in results)
    if n_none:
        cells = f"{count_of(n_none, 'cell')} of {len(results)}"
        return [f"In {cells} no density was found that beats the best network without one."]
    n_silent = sum(one.state is JobState.SUCCEEDED and one.outcome is None for one in results)
    if not n_silent or any(one.valley is not None for one in results):
        return []
    jobs = f"{count_of(n_silent, 'job')} of {len(results)}"
    needed = "that takes a task that is trained, controls, and an evaluation"
    return [f"{jobs} compared no density with a network without one: {needed}."]


def _size(log: float) -> str:
    return f"{percent(share_of(log))} {'lower' if log < 0.0 else 'higher'}"


def _part(n: int, whole: int, what: str) -> str:
    """Return a number of things, and of how many where those are not all: "3 of 4 cells"."""
    return count_of(n, what) if n == whole else f"{n} of {count_of(whole, what)}"


def _alone(split: SplitEffect, n_cells: int) -> str:
    cells = _part(split.n_cells, n_cells, "cell")
    judged = f"{cells}, all judged" if split.n_cells > 1 else f"{cells}, judged"
    return (
        f"Over {judged} on one test split, the loss with a density is {_size(split.mean)} in the "
        "mean than that of the best network without. What another task would show cannot be said."
    )


def replication_in_words(found: Replication) -> list[str]:
    """Say on how many test splits a gain is shown."""
    if found.n_splits < 2:
        return []
    shown = f"at least {found.n_shown}" if found.n_shown else "none"
    return [f"A gain is shown on {shown} of {found.n_splits} test splits."]


def sharpness_in_words(found: Sharpness | None) -> list[str]:
    """Say how the best radius changes with the data and with the network's width."""
    if found is None:
        return []
    sentences = [_slope_in_words(slope) for slope in found.slopes]
    sentences += _unfitted_in_words(found)
    if found.n_unscaled:
        sentences.append(
            f"{count_of(found.n_unscaled, 'job')} searched widths of densities of different "
            'scales, which act as learning rates: set "density": {"normalised": true}.'
        )
    if found.n_untuned:
        sentences.append(
            f"{count_of(found.n_untuned, 'job')} searched widths at training.lr, which may suit "
            'some of them better than others: set "tuned_rate" and add the control uniform_tuned.'
        )
    return sentences


def _unfitted_in_words(found: Sharpness) -> list[str]:
    """Say which settings have no best radius, and which slopes cannot be estimated for want of it.

    A setting is what the jobs of some seeds have in common.
    """
    standings = Counter(cell.best.standing for cell in found.cells)
    sentences = [
        f"For {_group_text(standings[standing], found.n_groups)} {reason}."
        for standing, reason in _UNFITTED.items()
        if standings[standing]
    ]
    n_fitted = standings["fitted"]
    if n_fitted < found.n_groups and found.slopes:
        sentences.append(
            f"The slopes are of the {count_of(n_fitted, 'setting')} with a best radius."
        )
    if found.unknown and found.cells:
        have = f"{'has' if n_fitted == 1 else 'have'} one to compare"
        sentences.append(
            f"How the best radius changes with {joined(found.unknown)} cannot be said: {n_fitted} "
            f"of {count_of(found.n_groups, 'setting')} {have}."
        )
    return sentences


def _group_text(n: int, whole: int) -> str:
    return f"{n} of {count_of(whole, 'setting')} (seeds taken together)"


def _slope_in_words(slope: Slope) -> str:
    is_part = slope.high_value <= 1.0
    low, high = (
        value * (100.0 if is_part else 1.0) for value in (slope.low_value, slope.high_value)
    )
    span = f"From {low:,.6g} to {high:,.6g} {'% of the data' if is_part else slope.name}"
    interval = ends(slope.low, slope.high)
    if slope.is_shown:
        return f"{span} the best radius changes by {signed(slope.change)} per doubling {interval}."
    return f"{span} the best radius is not shown to change: per doubling {interval}."


def standing_in_words(results: Sequence[CellResult]) -> list[str]:
    """Say which cells the answers are without, and why."""
    by_state = Counter(one.state for one in results)
    n_open = sum(n for state, n in by_state.items() if state is not None and not state.is_final)
    left = [
        (n_open, "not ended yet"),
        (by_state[JobState.FAILED], "failed"),
        (by_state[JobState.CANCELLED], "been cancelled"),
        (by_state[None], "been deleted"),
    ]
    parts = [
        f"{_part(n, len(results), 'job')} {'has' if n == 1 else 'have'} {what}"
        for n, what in left
        if n
    ]
    sentences = [f"{joined(parts)}: the answers are without them."] if parts else []
    sentences += _failures_in_words(results)
    if by_state[JobState.CANCELLED]:
        sentences.append(
            "To have the cancelled jobs, submit the campaign again: what was trained is not "
            "trained again."
        )
    n_unreliable = sum(one.outcome == LESS_RELIABLE for one in results)
    if n_unreliable:
        sentences.append(
            f"In {count_of(n_unreliable, 'cell')} the density's trainings failed more often than "
            "those without: their losses are not averaged."
        )
    n_unjudged = sum(one.outcome == NOT_JUDGED for one in results)
    if n_unjudged:
        sentences.append(
            f"In {count_of(n_unjudged, 'cell')} no network without a density had its learning "
            "rate tuned: their losses are not averaged. Add the control uniform_tuned."
        )
    return sentences


def _failures_in_words(results: Sequence[CellResult]) -> list[str]:
    """Say why jobs failed, the most frequent reason first."""
    reasons = Counter(one.failure for one in results if one.failure is not None)
    if not reasons:
        return []
    ranked = sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))
    texts = [f"{reason} ({count_of(n, 'job')})" for reason, n in ranked[:MOST_REASONS]]
    n_more = len(ranked) - len(texts)
    more = f"; {count_of(n_more, 'other reason')}" if n_more else ""
    return [f"Why jobs failed: {'; '.join(texts)}{more}."]
